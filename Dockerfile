# Headsweep's dashboard on a CPU, not as root. Runs and downloaded models are kept in /data.
#   docker build -t headsweep .
#   docker run -p 8501:8501 -v headsweep:/data headsweep
FROM python:3.12-slim AS build
COPY . /source
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /source

FROM python:3.12-slim
# An index of PyTorch's CPU builds, which are gigabytes smaller than the ordinary ones on Linux:
# --build-arg TORCH_INDEX=URL. Left empty, the ordinary build is installed; it runs on a CPU too.
ARG TORCH_INDEX=""
COPY constraints.txt requirements.lock /wheels/
RUN pip install --no-cache-dir --no-deps --require-hashes -r /wheels/requirements.lock \
 && pip install --no-cache-dir -c /wheels/constraints.txt \
      ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} torch
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-deps /wheels/*.whl \
 && useradd --create-home --uid 1000 headsweep \
 && install -d -o headsweep /data

USER 1000
WORKDIR /home/headsweep
ENV HEADSWEEP_ADDRESS=0.0.0.0 PORT=8501 HEADSWEEP_DATA_DIR=/data/runs HF_HOME=/data/models
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "-c", \
  "from urllib.request import urlopen; from core.settings import settings; urlopen(settings().url + '/healthz', timeout=5)"]
CMD ["headsweep", "serve"]
