//! Figures with fewer bytes: a page holds dozens, and most of what plotters writes is the same for every mark.
//!
//! What is dropped is what SVG means anyway, or what `style.css` and the opening tag say once for all marks; what is seen stays the same.

/// The size of most texts: said once, by the figure.
const USUAL_SIZE: &str = " font-size=\"22\"";

/// Attributes that every mark would have without saying so.
const NEEDLESS: &[&str] = &[
    " opacity=\"1\"",
    " stroke=\"none\"",
    " stroke-width=\"1\"",
    " text-anchor=\"start\"",
    // `style.css` names the font of texts and the color of notes.
    " font-family=\"DejaVu Sans, Verdana, sans-serif\"",
    " fill=\"transparent\"",
    USUAL_SIZE,
];

/// The same figure, shorter. Only opening tags are touched: what stands between them are names and numbers.
pub fn compact(svg: &str) -> String {
    let mut out = String::with_capacity(svg.len());
    let mut lines = svg.lines();
    while let Some(line) = lines.next() {
        // Texts are escaped: a `>` ends a tag.
        let (head, rest) = line.split_at(line.find('>').filter(|_| line.starts_with('<')).unwrap_or(0));
        if head.starts_with("<svg") {
            out.push_str(head);
            out.push_str(USUAL_SIZE);
        } else {
            out.push_str(&NEEDLESS.iter().fold(head.to_owned(), |head, needless| head.replace(needless, "")));
        }
        out.push_str(rest);
        if head.starts_with("<text") && rest == ">" {
            // plotters gives a text lines of its own.
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "</text>").collect();
            out.push_str(&text.join(" "));
            out.push_str("</text>");
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_keep_what_is_seen() {
        let drawn = "<svg class=\"figure\" viewBox=\"0 0 9 9\" aria-label=\"a opacity=&quot;1&quot;\">\n\
            <text x=\"24\" y=\"29\" dy=\"0.76em\" text-anchor=\"start\" font-family=\"DejaVu Sans, Verdana, sans-serif\" font-size=\"22\" opacity=\"1\" fill=\"#1F2933\">\n\
            a &gt; b opacity=&quot;1&quot;\n\
            </text>\n\
            <text x=\"1\" text-anchor=\"end\" font-size=\"28\" fill=\"#1F2933\" font-weight=\"bold\">\n\
            0.5\n\
            </text>\n\
            <polygon opacity=\"0.16\" fill=\"#7A858F\" points=\"1,2 \"/>\n\
            <polyline fill=\"none\" opacity=\"1\" stroke=\"#7A858F\" stroke-width=\"2\" points=\"1,2 \"/>\n\
            <circle cx=\"8\" cy=\"5\" r=\"7\" opacity=\"1\" fill=\"#FFFFFF\" stroke=\"none\" stroke-width=\"1\"/>\n\
            <circle class=\"note\" fill=\"transparent\" cx=\"1\" cy=\"8\" r=\"1\"><title>a opacity=\"1\"</title></circle>\n\
            </svg>\n";
        let expected = "<svg class=\"figure\" viewBox=\"0 0 9 9\" aria-label=\"a opacity=&quot;1&quot;\" font-size=\"22\">\n\
            <text x=\"24\" y=\"29\" dy=\"0.76em\" fill=\"#1F2933\">a &gt; b opacity=&quot;1&quot;</text>\n\
            <text x=\"1\" text-anchor=\"end\" font-size=\"28\" fill=\"#1F2933\" font-weight=\"bold\">0.5</text>\n\
            <polygon opacity=\"0.16\" fill=\"#7A858F\" points=\"1,2 \"/>\n\
            <polyline fill=\"none\" stroke=\"#7A858F\" stroke-width=\"2\" points=\"1,2 \"/>\n\
            <circle cx=\"8\" cy=\"5\" r=\"7\" fill=\"#FFFFFF\"/>\n\
            <circle class=\"note\" cx=\"1\" cy=\"8\" r=\"1\"><title>a opacity=\"1\"</title></circle>\n\
            </svg>\n";
        assert_eq!(compact(drawn), expected);
    }

    #[test]
    fn the_style_says_what_marks_do_not() {
        let style = super::super::page::STYLE;
        assert!(style.contains("svg.figure text { font-family: \"DejaVu Sans\", Verdana, sans-serif; }"));
        assert!(style.contains("svg.figure .note { fill: transparent; }"));
    }
}
