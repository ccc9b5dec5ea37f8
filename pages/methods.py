"""What each explanation method is, what it promises, and how it did against planted truth."""

import streamlit as st

from gnnrec_core.base.outside import problems
from gnnrec_core.base.text import for_markdown
from gnnrec_core.explain import EXPLAINERS
from gnnrec_ui.explain.planted_view import planted_view
from gnnrec_ui.frame import shell
from gnnrec_ui.show.method_cards import method_card

with shell.page("methods"):
    st.subheader("Against the truth", anchor=False)
    planted_view()

    st.subheader("How to read an explanation", anchor=False)
    st.markdown(
        "- **Lead or score.** The score says how much the model expects; the lead over the item that would take the "
        "place says why it is *in the list*. They often have different reasons.\n"
        "- **Taste learned in training.** A large part of a score is the person's own embedding. No single interaction "
        "carries it, so it is shown as a part of its own and never spread over the others.\n"
        "- **Checked.** “Without it” means: the graph without that link, degrees and attention computed anew, "
        "embeddings kept, every item scored again. A model trained again without it may answer otherwise.\n"
        "- **Beats random.** A method is believed on a case only where removing what it names does more than removing "
        "as many interactions at random.\n"
        "- **Attention** says how messages are routed. It is not a reason, and stands beside its measured agreement "
        "with deletion."
    )

    st.subheader("The methods", anchor=False)
    for plugin in EXPLAINERS:
        with shell.boundary():
            method_card(plugin)
    for sentence in problems():
        st.warning(for_markdown(sentence), icon=":material/extension_off:")
