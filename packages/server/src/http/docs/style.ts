/** The look of the API reference, in light and dark. */
export const style = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1d2125;--soft:#5c6670;--line:#e2e5e9;--tint:#f6f7f9;--link:#0b5cad;--get:#0b6b58;--post:#0b5cad;--patch:#8a5a00;--delete:#b3261e}
@media (prefers-color-scheme:dark){:root{--paper:#15181b;--ink:#e4e7ea;--soft:#9aa4ae;--line:#2c3238;--tint:#1d2226;--link:#7db8f5;--get:#5fc9b0;--post:#7db8f5;--patch:#e0b252;--delete:#f2897f}}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;display:grid;grid-template-columns:19rem minmax(0,1fr);background:var(--paper);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
a{color:var(--link);text-decoration:none}
a:hover,a:focus-visible{text-decoration:underline}
nav{position:sticky;top:0;height:100vh;overflow-y:auto;padding:1.5rem 1rem 3rem 1.5rem;border-right:1px solid var(--line);background:var(--tint);font-size:.875rem}
nav .brand{margin:0;font-size:1.125rem;font-weight:650}
nav .brand a,nav li a{color:var(--ink)}
nav h2{margin:1.5rem 0 .25rem;border:0;padding:0;font-size:.75rem;letter-spacing:.06em;text-transform:uppercase;color:var(--soft)}
nav ul{list-style:none;margin:0;padding:0}
nav li a{display:grid;grid-template-columns:3.75rem 1fr;padding:.2rem 0;line-height:1.4}
nav li a:not(:has(.method)){display:block}
main{max-width:60rem;padding:2.5rem 3rem 6rem}
h1{margin:0 0 1rem;font-size:2rem;line-height:1.2}
h2{margin:3.5rem 0 1rem;padding-bottom:.4rem;border-bottom:1px solid var(--line);font-size:1.375rem}
h2::first-letter{text-transform:uppercase}
h3{margin:2.5rem 0 .5rem;font-size:1.125rem}
h3 a{color:inherit}
h4{margin:1.25rem 0 .4rem;font-size:.875rem;color:var(--soft)}
section{scroll-margin-top:1rem}
.operation+.operation{border-top:1px solid var(--line)}
.route{margin:0}
.route code{font-size:.9375rem}
code,pre,.method{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
code{font-size:.875em}
pre{margin:.4rem 0;padding:.9rem 1rem;overflow-x:auto;border:1px solid var(--line);border-radius:8px;background:var(--tint);line-height:1.5}
pre code{font-size:.8125rem}
.method{font-size:.75rem;font-weight:700}
.get{color:var(--get)}.post{color:var(--post)}.patch{color:var(--patch)}.delete{color:var(--delete)}
.wide{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:.875rem}
th,td{padding:.45rem .9rem .45rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-weight:600;color:var(--soft)}
td:first-child{white-space:nowrap}
tr:target,section:target>h3{background:color-mix(in srgb,var(--link) 12%,transparent)}
small{color:var(--soft);font-size:.75rem}
small.required{color:var(--delete)}
summary{cursor:pointer;font-size:.875rem;color:var(--soft)}
details{margin:.6rem 0}
@media (max-width:56rem){body{display:block}nav{position:static;height:auto;max-height:45vh;border-right:0;border-bottom:1px solid var(--line)}main{padding:1.5rem 1.25rem 4rem}}
@media print{nav{display:none}body{display:block}}
`;
