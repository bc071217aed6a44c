#pragma once

#include <string_view>

namespace candor::page {

/// The whole style of every page. It stands in each page, allowed by its hash. Every text reaches a contrast of 4.5 : 1
/// on its ground, light and dark (WCAG 2.2, 1.4.3).
inline constexpr std::string_view style = R"css(
:root{color-scheme:light dark;--ground:#f6f6f3;--card:#fff;--text:#1b1d20;--soft:#5a6069;--line:#e2e3de;--link:#1d4f9e;
--ok:#14713d;--ok-tint:#e7f4eb;--dim:#5a6069;--dim-tint:#ececea;--work:#1d4f9e;--work-tint:#e6eefa;--slow:#7d5300;--slow-tint:#fcf2d9;
--part:#9c4104;--part-tint:#fdeddd;--down:#b02020;--down-tint:#fcebe9}
@media(prefers-color-scheme:dark){:root{--ground:#111315;--card:#191c1f;--text:#e9eaec;--soft:#a0a7af;--line:#2c3035;
--link:#8fb8f7;--ok:#72d39b;--ok-tint:#13281c;--dim:#a0a7af;--dim-tint:#222629;--work:#8fb8f7;--work-tint:#16243a;--slow:#efc062;--slow-tint:#2b2413;
--part:#f5a06a;--part-tint:#2e1f13;--down:#ff938c;--down-tint:#331a19}}
.ok{--tone:var(--ok);--tint:var(--ok-tint)}.dim{--tone:var(--dim);--tint:var(--dim-tint)}.work{--tone:var(--work);--tint:var(--work-tint)}
.slow{--tone:var(--slow);--tint:var(--slow-tint)}.part{--tone:var(--part);--tint:var(--part-tint)}
.down{--tone:var(--down);--tint:var(--down-tint)}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--text);overflow-wrap:anywhere;
font:1rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
.wrap{max-width:46rem;margin:0 auto;padding:0 1.25rem}
h1,h2,h3,h4,p,ol,ul,dl,dd{margin:0;padding:0}
ol,ul{list-style:none}
h1,h2,h3,h4{line-height:1.25;text-wrap:balance}
a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:.18em}
a:hover{text-decoration-thickness:2px}
:focus-visible{outline:3px solid var(--link);outline-offset:3px;border-radius:4px}
.skip{position:absolute;left:-999rem;top:.5rem;padding:.5rem 1rem;background:var(--card)}
.skip:focus{left:.5rem}
.sprite{position:absolute;width:0;height:0}
.icon{flex:none;width:1.125em;height:1.125em;color:var(--tone);stroke:var(--card)}
.top{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:baseline;gap:.25rem 1.5rem;padding-top:1.5rem;padding-bottom:1.25rem}
.brand{font-weight:650;font-size:1.0625rem;letter-spacing:-.01em;color:var(--text);text-decoration:none}
.top nav{display:flex;gap:1.25rem;font-size:.9375rem}
.top nav a{display:inline-block;padding:.25rem 0;color:var(--soft);text-decoration:none}
.top nav a:hover,.brand:hover{color:var(--text);text-decoration:underline}
.hero{background:var(--tint);border-radius:1.125rem;padding:1.75rem}
.hero .say{display:flex;gap:.875rem;align-items:flex-start}
.hero .icon{stroke:var(--tint)}
.say .icon{width:2.125rem;height:2.125rem;margin-top:.125rem}
h1{font-size:clamp(1.625rem,1.25rem + 2vw,2.25rem);font-weight:680;letter-spacing:-.022em;line-height:1.15}
.hero .more{margin-top:.75rem}
.facts{display:flex;flex-wrap:wrap;gap:1rem 2.75rem;margin-top:1.5rem}
dt{font-size:.8125rem;color:var(--soft)}
.hero dt{color:var(--tone)}
dd{font-weight:600;line-height:1.35}
section{margin-top:2.75rem}
section.hero{margin-top:0}
h2{font-size:1.1875rem;font-weight:650;letter-spacing:-.012em;margin-bottom:.875rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:.875rem}
article.card,.told{padding:1.5rem}
.told .updates{margin-top:0}
article.card+article.card{margin-top:1rem}
h3{font-size:1.125rem;font-weight:650;letter-spacing:-.01em}
h3 a{color:inherit}
.state{color:var(--tone);font-weight:600;font-size:.9375rem}
.state .icon{vertical-align:-.2em;margin-right:.45em}
h3+p{margin-top:.375rem}
.meta{color:var(--soft);font-size:.9375rem;margin-top:.3rem}
.updates{margin-top:1.375rem}
.updates li{position:relative;padding:0 0 1.375rem 1.625rem}
.updates li:last-child{padding-bottom:0}
.updates li::before{content:"";position:absolute;left:.3125rem;top:1rem;bottom:-.5rem;width:2px;background:var(--line)}
.updates li:last-child::before{display:none}
.updates li::after{content:"";position:absolute;left:0;top:.4375rem;width:.75rem;height:.75rem;border-radius:50%;border:2px solid var(--soft);background:var(--card)}
.updates li.new::after{background:var(--tone);border-color:var(--tone)}
.updates .when{display:flex;flex-wrap:wrap;gap:0 .625rem;align-items:baseline}
.updates h3,.updates h4{font-size:1rem;font-weight:650}
.when time{color:var(--soft);font-size:.875rem}
.updates p{margin-top:.375rem;max-width:38rem}
.after{margin-top:1.125rem;font-size:.9375rem}
.parts{padding:.25rem 0;overflow:hidden}
.parts>*+*{border-top:1px solid var(--line)}
.row{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.125rem 1.25rem;padding:.8125rem 1.5rem;align-items:baseline}
.row .name{flex:1 1 5rem;min-width:0;font-weight:500}
.row .state{white-space:nowrap}
.row .about{display:block;font-weight:400;font-size:.875rem;color:var(--soft);line-height:1.45}
li+li>.row{border-top:1px solid var(--line)}
summary.row{cursor:pointer;list-style:none;justify-content:flex-start;gap:.625rem}
summary::-webkit-details-marker{display:none}
summary::before{content:"";flex:none;align-self:center;width:.4375rem;height:.4375rem;margin:0 .125rem;border:solid var(--soft);border-width:0 2px 2px 0;transform:rotate(-45deg)}
details[open]>summary::before{transform:translateY(-.125rem) rotate(45deg)}
summary:focus-visible{outline-offset:-3px}
summary h3{font-size:1rem;flex:1}
details[open]>summary .state{display:none}
details li .row{padding-left:2.875rem}
details ul{padding-bottom:.375rem}
details li+li>.row{border:0}
details .row{padding-top:.5625rem;padding-bottom:.5625rem}
details>summary.row{padding-top:.8125rem;padding-bottom:.8125rem}
.past li{padding:1rem 1.5rem}
.past li+li{border-top:1px solid var(--line)}
.past h3{font-size:1rem;font-weight:600}
.none{padding:1.25rem 1.5rem;color:var(--soft)}
.crumb{font-size:.9375rem;margin-bottom:1rem}
.pages{display:flex;justify-content:space-between;gap:1rem;margin-top:1.5rem}
footer{margin-top:3.5rem;padding-bottom:3rem;color:var(--soft);font-size:.875rem}
footer .wrap>*{border-top:1px solid var(--line)}
footer .inner{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.375rem 1.5rem;padding-top:1.25rem}
footer a{color:inherit}
.narrow{max-width:34rem}
.big{display:block;width:100%;margin-top:1.5rem;padding:1.375rem 1.5rem;border:0;border-radius:.875rem;background:#1d4f9e;color:#fff;font-family:inherit;font-size:1.5rem;font-weight:650;line-height:1.2;cursor:pointer}
.big:hover{background:#173f7f}
.big:focus-visible{border-radius:.875rem}
.plain{margin-top:1rem}
@media(max-width:30rem){.hero{padding:1.375rem 1.25rem}.hero .say{gap:.75rem}.say .icon{width:1.75rem;height:1.75rem}
article.card,.told{padding:1.25rem}.row,.past li,.none{padding-left:1.25rem;padding-right:1.25rem}details li .row{padding-left:2.5rem}
.facts{gap:.875rem 2rem}section{margin-top:2.25rem}}
)css";

}  // namespace candor::page
