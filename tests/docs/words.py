"""What simulations lead to, in the words of each language we write pages in."""

# ruff: noqa: RUF001 - Japanese is written with its own punctuation

from __future__ import annotations


class English:
    """For the pages in English."""

    head = ("`simulate`", "What happens", "`error_code`")
    captured = "`CAPTURED`; `AUTHORIZED` with `capture_method` `manual`"
    failed = "`FAILED`"
    timeout = "waits `SIMULATED_TIMEOUT_MS`, then `FAILED`"
    action = "`REQUIRES_ACTION`, with `next_action.redirect_url`"
    refused = "`REQUIRES_ACTION`, with `next_action.redirect_url`; `FAILED` once the payer has approved"
    later = "`PENDING`; after `delay_s` ({wait} s by default) {end}"
    refunds_wait = "`CAPTURED`; a refund is `PENDING` for `delay_s` ({wait} s by default), then `PROCESSED`"
    refunds = "`CAPTURED`; a refund ends `FAILED`, and its amount is back on the payment"
    times = ("", "", " twice")
    disputed = "`CAPTURED`, and disputed{times} (`{reason}`); `delay_s` is the time to answer"
    asked = "`CAPTURED`, and the holder inquires; `delay_s` is the time to answer"
    available = "`CAPTURED`, and in the available balance at once"
    increment = "`CAPTURED`; with `capture_method` `manual` `AUTHORIZED`, and to hold more is declined"
    lost = "`CAPTURED`, but the connection is closed without an answer"
    late = "`CAPTURED`, but the answer comes after `delay_s` ({wait} s by default)"


class Japanese(English):
    """For README.ja.md."""

    head = ("`simulate`", "起きること", "`error_code`")
    captured = "`CAPTURED`（`capture_method` が `manual` なら `AUTHORIZED`）"
    timeout = "`SIMULATED_TIMEOUT_MS` だけ待ってから `FAILED`"
    action = "`REQUIRES_ACTION`（`next_action.redirect_url` つき）"
    refused = "`REQUIRES_ACTION`（`next_action.redirect_url` つき）。支払者が承認しても `FAILED`"
    later = "`PENDING`。`delay_s`（既定は {wait} 秒）の後に {end}"
    refunds_wait = "`CAPTURED`。ただし返金は `delay_s`（既定は {wait} 秒）の後に `PROCESSED`"
    refunds = "`CAPTURED`。ただし返金は `FAILED` で終わり、金額は決済に戻る"
    times = ("", "", " 2 回")
    disputed = "`CAPTURED`。チャージバックを{times}受ける（`{reason}`）。`delay_s` は回答できる秒数"
    asked = "`CAPTURED`。カード会員からの問い合わせを受ける。`delay_s` は回答できる秒数"
    available = "`CAPTURED`。すぐに利用可能残高になる"
    increment = "`CAPTURED`（`capture_method` が `manual` なら `AUTHORIZED`。ただし増額は断られる）"
    lost = "`CAPTURED`。ただし応答を返さずに接続を切る"
    late = "`CAPTURED`。ただし応答は `delay_s`（既定は {wait} 秒）の後に返る"
