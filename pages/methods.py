"""What each explanation method is, what it promises, and how it did against planted truth."""

import streamlit as st

from gnnrec_core.base.outside import problems
from gnnrec_core.base.text import for_markdown
from gnnrec_core.explain import EXPLAINERS
from gnnrec_ui.explain.planted_view import planted_view
from gnnrec_ui.frame import shell
from gnnrec_ui.luck_view import luck_view
from gnnrec_ui.retraining_view import retraining_view
from gnnrec_ui.show.method_cards import method_card

with shell.page("methods") as study:
    st.subheader("Against the truth", anchor=False)
    planted_view()

    st.subheader("Against training again", anchor=False)
    retraining_view()

    st.subheader("What is luck", anchor=False)
    with shell.boundary():
        luck_view(study)

    st.subheader("How to read an explanation", anchor=False)
    st.markdown(
        "- **Lead or score.** The score says how much the model expects; the lead over the item that would take the "
        "place says why it is *in the list*. They often have different reasons.\n"
        "- **Taste learned in training.** A large part of a score is the person's own embedding. It is a part of its "
        "own, shared out into what the person's own interactions ask for, what all people have in common, and a rest.\n"
        "- **In this model.** The graph without that link, degrees and attention computed anew, embeddings kept, every "
        "item scored again. A model trained again without it may answer otherwise.\n"
        "- **Foretold.** What a model trained without it should say: the person's own embedding is solved for anew, "
        "and one factor, measured by training again on other people, gives the size and a range.\n"
        "- **Trained again.** It was trained without it, with the same random numbers; models that refit exactly have "
        "this at once.\n"
        "- **Beats random.** A method is believed on a case only where removing what it names does more than removing "
        "as many interactions at random.\n"
        "- **Attention** says how messages are routed. It is not a reason, and stands beside its measured agreement "
        "with deletion."
    )

    st.subheader("The methods", anchor=False)
    columns = st.columns(2)
    for number, plugin in enumerate(EXPLAINERS):
        with columns[number % 2], shell.boundary():
            method_card(plugin)
    for sentence in problems():
        st.warning(for_markdown(sentence), icon=":material/extension_off:")
