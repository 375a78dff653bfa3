"""The search finds what a reader types: words of the field, symptoms, names in code, Chinese and Korean."""

import re

import pytest

from tools.browser import ROOT

# What is typed, and the pages that answer it; one of them must be among the first three.
GLOSSARY, NOTATION, SYMPTOMS, UTILS = (
    f"book/reference/{name}" for name in ("glossary", "notation", "symptoms", "utils")
)
LINES, SOFTMAX = "book/linear-regression", "book/softmax-from-scratch"
CONCISE, FLOATS, OVER = "book/softmax-concise", "book/numerical-stability", "book/overfitting"
QUERIES = {
    # terms
    "learning rate": [f"{LINES}/from-scratch", f"{LINES}/learning-rate-and-scale"],
    "softmax regression": [f"{SOFTMAX}/train", f"{SOFTMAX}/from-scores-to-probabilities", GLOSSARY],
    "cross entropy": [f"{CONCISE}/cross-entropy", f"{SOFTMAX}/from-scores-to-probabilities"],
    "multinomial logistic regression": [GLOSSARY, f"{SOFTMAX}/from-scores-to-probabilities"],
    "weight decay": [f"{OVER}/remedies"],
    "early stopping": [f"{OVER}/remedies"],
    "double descent": [f"{OVER}/capacity-and-confidence"],
    "logits": [
        GLOSSARY,
        f"{SOFTMAX}/from-scores-to-probabilities",
        f"{FLOATS}/log-sum-exp",
        f"{CONCISE}/cross-entropy",
    ],
    "machine epsilon": [f"{FLOATS}/floating-point", GLOSSARY],
    "log sum exp trick": [f"{FLOATS}/log-sum-exp"],
    "confusion matrix": [f"{SOFTMAX}/what-it-learned"],
    "overfitting": [f"{OVER}/make-it-overfit", f"{OVER}/index", f"{OVER}/remedies"],
    "what does eta mean": [NOTATION],
    "hessian eigenvalue": [f"{LINES}/learning-rate-and-scale", NOTATION],
    # symptoms
    "loss nan": [SYMPTOMS, f"{FLOATS}/when-training-breaks"],
    "why is my loss nan": [SYMPTOMS, f"{FLOATS}/when-training-breaks"],
    "accuracy stays 0.1": [SYMPTOMS],
    "accuracy stuck at 10%": [SYMPTOMS],
    "loss not decreasing": [SYMPTOMS],
    "loss goes up": [SYMPTOMS, f"{LINES}/learning-rate-and-scale"],
    "negative loss": [SYMPTOMS, f"{CONCISE}/cross-entropy", f"{FLOATS}/log-sum-exp"],
    "RuntimeError shapes cannot be multiplied": [SYMPTOMS, f"{CONCISE}/same-model"],
    "mat1 and mat2 shapes cannot be multiplied (32x28 and 784x10)": [SYMPTOMS, f"{CONCISE}/same-model"],
    "expected all tensors to be on the same device": [SYMPTOMS, f"{CONCISE}/devices-and-data"],
    "Target 10 is out of bounds": [SYMPTOMS, f"{CONCISE}/cross-entropy"],
    "element 0 of tensors does not require grad": [SYMPTOMS],
    "module 'd2l.torch' has no attribute 'train_ch3'": ["book/reference/coming-from-d2l", SYMPTOMS],
    "validation loss increases but accuracy is fine": [SYMPTOMS, f"{OVER}/make-it-overfit"],
    "different result every run": [SYMPTOMS, f"{LINES}/from-scratch"],
    # names in code
    "load_fashion_mnist": [UTILS, f"{SOFTMAX}/fashion-mnist"],
    "nn.CrossEntropyLoss": [f"{CONCISE}/cross-entropy", f"{CONCISE}/same-model"],
    "EarlyStopping": [UTILS, f"{OVER}/remedies"],
    "zero_grad": [f"{LINES}/from-scratch", f"{LINES}/concise", f"{SOFTMAX}/train"],
    "logsumexp": [f"{FLOATS}/log-sum-exp"],
    "utils.training.fit": [UTILS],
    "cuda available": [f"{CONCISE}/same-model", "book/reference/which-pytorch", SYMPTOMS],
    # Chinese and Korean, whole and in parts
    "交叉熵": [GLOSSARY],
    "过拟合": [GLOSSARY],
    "学习": [GLOSSARY],
    "경사 하강법": [GLOSSARY],
}
assert len(QUERIES) == 40

ASK = """query => BookSearch.find(query, window.texts).slice(0, 3).map(({ page, head }) => [page, head])"""


@pytest.fixture(scope="module")
def search(site, visit):
    """Return a function that says on which pages the first three results of a query are."""
    with visit(f"{site}/search.html") as page:
        page.evaluate("BookSearch.begin = (pages) => { window.texts = pages; }")
        page.add_script_tag(url="_static/search-texts.js")
        yield lambda query: [name for name, _ in page.evaluate(ASK, query)]


def entries():
    """Return [(term, Chinese, Korean)] of the glossary."""
    text = (ROOT / "book/reference/glossary.md").read_text("utf-8")
    form = r'^(\S.*)\n  .+\n\n  <span lang="zh">(.+?)</span> · <span lang="ko">(.+?)</span>'
    return re.findall(form, text, re.M)


def test_forty_queries_find_their_page(search):
    """At least 36 of them among the first three results."""
    missed = {query: found for query, pages in QUERIES.items() if not {*(found := search(query))} & {*pages}}
    assert len(missed) <= 4, missed


def test_every_term_of_the_glossary_is_found(search):
    """In English its own entry or the lesson that teaches it; in Chinese and Korean the glossary."""
    terms = entries()
    assert len(terms) > 80
    missed = [term for term, *_ in terms if GLOSSARY not in search(term)]
    assert missed == []
    for _, *others in terms:
        for term in others:
            assert GLOSSARY in search(term), term


def test_chinese_and_korean_are_found_in_parts(search):
    """Two letters of a Chinese term, one word of a Korean one, and a term inside a longer question."""
    for _, chinese, korean in entries():
        for word in re.findall(r"[\u4e00-\u9fff]{2,}", chinese):
            for k in range(len(word) - 1):
                assert GLOSSARY in search(word[k : k + 2]), word[k : k + 2]
        for word in re.findall(r"[\uac00-\ud7a3]{2,}", korean):
            assert GLOSSARY in search(word), word
    assert GLOSSARY in search("梯度下降算法")
    assert GLOSSARY in search("학습률이")


def test_each_symbol_is_found_by_its_name(search):
    """Greek letters by their names, as no keyboard has them."""
    for name in ("epsilon", "eta", "theta", "kappa", "lambda", "mu", "sigma", "tau", "delta"):
        assert NOTATION in search(name), name


def test_an_answer_is_found_and_not_quoted(search, site, visit):
    """What the fold of a question holds, or a veil hides."""
    query = "A cloud, as in the first panel below"
    assert search(query)[0] == f"{LINES}/from-scratch"
    with visit(f"{site}/search.html?q={query.replace(' ', '+')}") as page:
        first = page.locator("ul.search li").first
        assert "from-scratch.html#" in first.locator("a").get_attribute("href")
        assert "A cloud" not in first.inner_text()


@pytest.mark.parametrize("width", [1280, 400])
def test_results_look_like_results(site, visit, width):
    """Each has a link to the section, and quotes it with the words in bold; nothing overflows."""
    with visit(f"{site}/search.html?q=loss+nan", viewport={"width": width, "height": 900}) as page:
        first = page.locator("ul.search li").first
        assert "symptoms.html#" in first.locator("a").get_attribute("href")
        assert "nan" in first.locator("mark").all_inner_texts()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.problems == []
