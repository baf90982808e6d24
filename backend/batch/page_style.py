"""The look of a batch's report, in light and in dark."""

STYLE = """
:root { color-scheme: light dark; --page: #f4f5f7; --card: #fff; --text: #1d2129; --soft: #667085; --line: #e3e6ea;
  --green: #1a7f45; --amber: #a65e00; --red: #c0392b; --link: #2b5fd0; }
@media (prefers-color-scheme: dark) { :root { --page: #17191d; --card: #212429; --text: #e8eaed; --soft: #9aa3b2;
  --line: #343941; --green: #58c98b; --amber: #e6a94a; --red: #ff8576; --link: #8ab0ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.45 system-ui, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 32px 20px 60px; }
h1 { margin: 0; font-size: 28px; letter-spacing: -.02em; }
h2 { margin: 0 0 4px; font-size: 17px; overflow-wrap: anywhere; }
p { margin: 0 0 4px; overflow-wrap: anywhere; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
h2 a { color: inherit; }
header p, .fact { color: var(--soft); font-size: 13px; }
.tiles { display: flex; flex-wrap: wrap; gap: 10px; margin: 16px 0 22px; }
.tile { padding: 8px 16px; border-radius: 10px; background: var(--card); border: 1px solid var(--line); color: var(--soft); }
.tile b { font-size: 20px; color: var(--text); margin-right: 4px; }
.tile.failed b { color: var(--red); }
article { display: flex; gap: 24px; margin: 0 0 12px; padding: 16px 18px; background: var(--card);
  border: 1px solid var(--line); border-left: 4px solid var(--green); border-radius: 10px; }
article.failed { border-left-color: var(--red); }
article.waiting { border-left-color: var(--line); color: var(--soft); }
.text { flex: 1 1 260px; min-width: 0; }
.links a { margin-right: 14px; font-size: 14px; }
.people { flex: 2 1 520px; display: flex; flex-wrap: wrap; gap: 14px 20px; }
figure { display: flex; gap: 10px; margin: 0; width: 250px; }
figure img, .nopicture { width: 88px; height: 88px; border-radius: 8px; object-fit: cover; background: var(--line); flex: none; }
figcaption span { display: block; }
figcaption .grade { display: inline-block; margin-left: 4px; padding: 0 8px; border-radius: 9px; font-size: 12px;
  font-weight: 600; border: 1px solid currentColor; }
.advice { font-size: 12px; }
.green { color: var(--green); } .amber { color: var(--amber); } .red { color: var(--red); } .none { color: var(--soft); }
@media (max-width: 760px) { article { flex-direction: column; gap: 12px; } }
"""
