use std::collections::BTreeMap;
#[test]
fn sample() {
    let mut seen: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (name, scenario) in crate::lives::scenarios() {
        let mut life = scenario.life().unwrap();
        crate::lives::explanations(&mut life, |e, _| {
            let t = e.to_string();
            let mut key = String::new();
            for l in t.lines().take(3) {
                let l: String = l.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
                let mut l = l.replace("####", "##").replace("###", "##").replace("##", "#").replace("##", "#");
                for n in ["side", "init", "c", "main"] {
                    for _ in 0..2 {
                        l = l.replace(&format!("{n}#"), n);
                    }
                }
                key += &l;
                key += "\n";
            }
            let s = seen.entry(key).or_insert((0, format!("[{name}]\n{t}")));
            s.0 += 1;
        });
    }
    let mut all: Vec<_> = seen.values().collect();
    all.sort_by_key(|a| std::cmp::Reverse(a.0));
    for (n, t) in all.iter() {
        println!("### {n} {t}\n");
    }
}
