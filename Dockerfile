# docker build -t gnnrec-lens . && docker run --init -p 8501:8501 -v lens:/data gnnrec-lens
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 GNNREC_HOME=/data
RUN useradd --create-home --uid 10001 lens && install -d -m 0700 -o lens /data
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY .streamlit .streamlit
COPY app.py ./
COPY gnnrec_core gnnrec_core
COPY gnnrec_ui gnnrec_ui
COPY pages pages
COPY sample_data sample_data

USER lens
VOLUME /data
EXPOSE 8501
# The body must say "ok": any unknown path answers 200 too.
HEALTHCHECK --start-period=20s CMD python -c "import urllib.request as u; assert u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=3).read() == b'ok'"
CMD ["streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.headless=true"]
