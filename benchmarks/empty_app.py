"""The least that a Streamlit app can do: two pages, a title and a menu. What it costs, no page can do without."""

import streamlit as st

PEOPLE = [f"reader-{number:04}" for number in range(1, 200)]


def one() -> None:
    """A title, and what stands in the menu."""
    st.title("One")
    st.write(st.selectbox("Person", PEOPLE, key="user"))


def two() -> None:
    """The same under another title."""
    st.title("Two")
    st.write(st.selectbox("Person", PEOPLE, key="user"))


st.set_page_config(layout="wide", initial_sidebar_state="expanded")
pages = [st.Page(one, title="One", url_path="one"), st.Page(two, title="Two", url_path="two")]
navigation = st.navigation(pages, position="hidden")
with st.sidebar:
    for page in pages:
        st.page_link(page)
navigation.run()
