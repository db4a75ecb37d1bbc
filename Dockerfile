# One image for every process; compose.yaml says which command each runs.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=routing_console.settings \
    ROUTING_CONSOLE_DATA_DIR=/var/lib/routing-console \
    ROUTING_CONSOLE_STATIC_ROOT=/srv/static

WORKDIR /srv/console
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock

COPY . ./
# Collected at build time, so that every web process serves the same long-cached files.
RUN python manage.py collectstatic --no-input \
    && useradd --system --create-home --home-dir /var/lib/routing-console console
USER console

EXPOSE 8000
# While it stops it says so for five seconds, then its port is closed and what runs is finished.
ENV ROUTING_CONSOLE_DRAIN_NOTICE_S=5
CMD ["python", "-m", "routing_console.web_server", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "2", "--patience", "30"]
