"""The style sheet of every report page: system fonts, light and dark, readable in print, no colour as the only sign."""

STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#57606a;--paper:#fff;--line:#d0d7de;--soft:#f6f8fa;
--up:#0b6e99;--down:#b4530a;--good:#1a7f37;--warn:#9a6700;--c1:#0b6e99;--c2:#b4530a;--c3:#57606a;--c4:#6639ba;--c5:#1a7f37}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9198a1;--paper:#0d1117;--line:#3d444d;--soft:#161b22;
--up:#58b7e0;--down:#f0a35c;--good:#5fc876;--warn:#e3b341;--c1:#58b7e0;--c2:#f0a35c;--c3:#9198a1;--c4:#b59bf2;--c5:#5fc876}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:62rem;padding:2rem 1.25rem;background:var(--paper);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 .25rem}h2{font-size:1.2rem;margin:2.2rem 0 .6rem;
padding-bottom:.3rem;border-bottom:1px solid var(--line)}header p,footer,figcaption,caption{color:var(--dim)}
nav ol{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;margin:1rem 0 0;padding:0;font-size:.9rem}
a{color:var(--up)}p{margin:.5rem 0}
dl{display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.25rem 1.25rem;margin:.5rem 0}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.6rem 0;font-size:.92rem}
caption,figcaption{text-align:left;padding:.2rem 0;font-size:.88rem}
th,td{text-align:left;padding:.3rem .7rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
th.n+th:not(.n),td.n+td:not(.n){padding-left:.8rem}
p.good,p.warning,p.note{padding:.6rem .9rem;background:var(--soft);border-left:4px solid var(--dim);border-radius:3px}
p.good{border-color:var(--good)}p.warning{border-color:var(--warn)}
p.good::before{content:"\\2713  "}p.warning::before{content:"\\26A0  "}
figure{margin:.8rem 0}svg{max-width:100%;height:auto;font:13px system-ui,sans-serif}
svg text{fill:var(--ink)}.axis{stroke:var(--line);fill:none}.up{fill:var(--up)}.down{fill:var(--down)}
.whisker{stroke:var(--ink);fill:none}.dim{fill:var(--dim)}path.line{fill:none;stroke-width:2}path.band{fill:var(--dim);fill-opacity:.2;stroke:none}
.k0{stroke:var(--c1)}.k1{stroke:var(--c2)}.k2{stroke:var(--c3)}.k3{stroke:var(--c4)}.k4{stroke:var(--c5)}
.stream{fill:none}.stream.up{stroke:var(--up)}.stream.down{stroke:var(--down)}
.stream.like{stroke-dasharray:7 3}.stream.own{stroke:var(--dim)}
.flow text{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.stop.person>circle{fill:#0072b2}.stop.item>rect{fill:#e69f00}.stop.attribute>path{fill:#009e73}
.stop.rest>circle{fill:var(--paper);stroke:var(--dim);stroke-dasharray:3 2}
footer{margin-top:2.5rem;padding-top:.6rem;border-top:1px solid var(--line);font-size:.85rem;overflow-wrap:anywhere}
@media print{nav{display:none}section{break-inside:avoid}}
"""
