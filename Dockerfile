# docker build -t gnnrec-lens . && docker run --init -p 127.0.0.1:8501:8501 -v lens:/data gnnrec-lens
# A tag moves; to build the same image again name a digest: --build-arg BASE=python@sha256:...
ARG BASE=python:3.12-slim-bookworm
FROM ${BASE}

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 GNNREC_HOME=/data
RUN useradd --create-home --uid 10001 lens && install -d -m 0700 -o lens /data
WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY .streamlit .streamlit
COPY app.py ./
COPY gnnrec_core gnnrec_core
COPY gnnrec_ui gnnrec_ui
COPY pages pages
COPY sample_data sample_data

# The code belongs to root; the app may write to /data only.
USER lens
VOLUME /data
EXPOSE 8501
# The check runs the app once, as a visitor would: whoever is told "ok" finds a server that has loaded its libraries and the
# sample. The body must say "ok": any unknown path answers 200 too.
HEALTHCHECK --start-period=60s --interval=60s --timeout=60s CMD python -c "import sys, urllib.request as u; sys.exit(u.urlopen('http://127.0.0.1:8501/_stcore/script-health-check', timeout=59).read() != b'ok')"
# With a name of its own the server does not ask the internet for its address at the start.
CMD ["streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.headless=true", "--browser.serverAddress=localhost"]
