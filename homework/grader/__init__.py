"""Write, check and grade homework sheets: `python -m homework.grader --help`.

A sheet         sheets (master and students' copy), hidden (its tests), check (do they tell right from wrong?)
Intake          intake (whose notebook lies where), names (what is the same name), fingerprint (what a mark
                depends on)
Grading         grade (a batch), trial (would a solved sheet pass here?), pool (threads or a cluster),
                student (one submission), session (its process, started again if it ends)
The process     process (ask it, watch it), memory, start (how it comes to be), forkserver (has PyTorch, and
                forks), sandbox (bubblewrap); `inside/` is all that runs in there
Results         store (the folder), tables (CSV), byhand (marks for words), marks (a line of marks.csv),
                report (writes everything), pages and templates/ (HTML), words (answers with images)
Words           states (what can happen, as codes), messages (the codes in English)
"""
