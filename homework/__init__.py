"""The book's homework: masters with solutions, hidden tests, and the grader. Not for students."""
