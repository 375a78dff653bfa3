"""What stands inside the sandbox, beside the student's code: it holds no test, no answer and no mark.

Each file is read there by its bare name, without the rest of the grader; and here, to be tested.
"""
