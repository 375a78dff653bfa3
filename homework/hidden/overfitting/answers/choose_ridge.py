"""choose_ridge: the simplest model's ridge within one standard error of the smallest mean error, a float."""

from homework.grader.answers import bug, right


@right("a list of those within")
def choose_ridge(errors, ridges):
    K, m = errors.shape
    mean = errors.mean(0)
    best = int(mean.argmin())
    if bug("the smallest single error"):
        best = int(errors.amin(0).argmin())
    deviation = errors[:, best].std()
    if bug("with K, not K − 1"):
        deviation = errors[:, best].std(correction=0)
    if bug("the variance"):
        deviation = errors[:, best].var()
    if bug("the spread of all errors"):
        deviation = errors.std()
    margin = deviation / K**0.5
    if bug("one standard deviation"):
        margin = deviation
    if bug("two standard errors"):
        margin = 2 * deviation / K**0.5
    if bug("divides by K"):
        margin = deviation / K
    if bug("over the root of m"):
        margin = deviation / m**0.5
    within = [j for j in range(m) if mean[j] <= mean[best] + margin]
    if bug("without the winner"):
        within = [j for j in range(m) if mean[j] < mean[best] + margin]
    if bug("each its own error"):
        within = [j for j in range(m) if mean[j] <= mean[best] + errors[:, j].std() / K**0.5]
    if bug("the smallest mean"):
        within = [best]
    if bug("the first that is within"):
        within = within[:1]
    if bug("the last that is within"):
        within = within[-1:]
    if bug("the smallest ridge"):
        return min(ridges[j].item() for j in within)
    if bug("a position"):
        return within[-1]
    if bug("a tensor"):
        return ridges[within].max()
    return max(ridges[j].item() for j in within)


@right("from the strongest down")
def choose_ridge(errors, ridges):
    K = len(errors)
    winner = min(errors.T, key=lambda column: column.mean().item())
    variance = ((winner - winner.mean()) ** 2).sum() / (K - 1)
    limit = winner.mean() + (variance / K).sqrt()
    strongest_first = ridges.argsort(descending=True).tolist()
    return next(float(ridges[j]) for j in strongest_first if errors[:, j].mean() <= limit)
