// An upstream that answers as OpenAI, Anthropic and Gemini do, as far as their clients look. What the prompt says decides:
// "a tool please" asks for a tool call, "endless" for a stream that only the caller can end.
import http from 'node:http';

const usage = {
  openai: { prompt_tokens: 12, completion_tokens: 8, total_tokens: 20 },
  gemini: { promptTokenCount: 12, candidatesTokenCount: 8, totalTokenCount: 20 },
};

export const seen = { body: '', left: 0 };

export async function startUpstream() {
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    seen.body = body;
    const ask = { tool: body.includes('a tool please') && !body.includes('minus four'), endless: body.includes('endless') };
    if (request.url.startsWith('/v1/chat/completions')) return openai(response, ask, JSON.parse(body).stream);
    if (request.url.startsWith('/v1/responses')) return responses(response, ask, JSON.parse(body).stream);
    if (request.url.startsWith('/v1/messages')) return anthropic(response, ask, JSON.parse(body).stream);
    if (request.url.includes(':streamGenerateContent')) return gemini(response, ask, true);
    if (request.url.includes(':generateContent')) return gemini(response, ask, false);
    response.writeHead(404).end();
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  return { address: `http://127.0.0.1:${server.address().port}`, stop: () => { server.closeAllConnections(); server.close(); } };
}

function json(response, value) {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function events(response, frames, endless, named = false) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let gone = false;
  response.on('close', () => { if (!response.writableFinished) { gone = true; seen.left++; } });
  const write = value => response.write((named ? `event: ${value.type}\n` : '') + `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`);
  if (endless) {
    frames.head.forEach(write);
    while (!gone) {
      write(frames.more);
      await new Promise(next => setTimeout(next, 5));
    }
    return;
  }
  [...frames.head, ...frames.body].forEach(write);
  response.end();
}

function openai(response, ask, stream) {
  const head = { id: 'chatcmpl-1', created: 1760000000, model: 'gpt-4o-2024-08-06' };
  if (!stream) {
    const message = ask.tool
      ? { role: 'assistant', content: null, tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }] }
      : { role: 'assistant', content: 'Hello there' };
    return json(response, { ...head, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: ask.tool ? 'tool_calls' : 'stop' }], usage: usage.openai });
  }
  const chunk = (delta, finish_reason = null) => ({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] });
  const body = ask.tool
    ? [chunk({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }] }),
       chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
       chunk({ tool_calls: [{ index: 0, function: { arguments: '"Oslo"}' } }] }), chunk({}, 'tool_calls')]
    : [chunk({ content: 'Hello ' }), chunk({ content: 'there' }), chunk({}, 'stop')];
  return events(response, {
    head: [chunk({ role: 'assistant', content: '' })],
    more: chunk({ content: 'more ' }),
    body: [...body, { ...head, object: 'chat.completion.chunk', choices: [], usage: usage.openai }, '[DONE]'],
  }, ask.endless);
}

function responses(response, ask, stream) {
  const item = ask.tool
    ? { id: 'fc_1', type: 'function_call', status: 'completed', call_id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' }
    : { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Hello there', annotations: [] }] };
  const whole = {
    id: 'resp_1', object: 'response', created_at: 1760000000, status: 'completed', model: 'gpt-4o-2024-08-06', output: [item], parallel_tool_calls: true,
    usage: { input_tokens: 12, input_tokens_details: { cached_tokens: 0 }, output_tokens: 8, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 20 },
  };
  if (!stream) return json(response, whole);
  const open = { ...whole, status: 'in_progress', output: [], usage: null };
  const text = delta => ({ type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, content_index: 0, delta, logprobs: [] });
  const body = ask.tool
    ? [{ type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress', arguments: '' } },
       { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 0, delta: '{"city":' },
       { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 0, delta: '"Oslo"}' },
       { type: 'response.function_call_arguments.done', item_id: 'fc_1', output_index: 0, arguments: '{"city":"Oslo"}', name: 'weather' }]
    : [{ type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress', content: [] } },
       { type: 'response.content_part.added', item_id: 'msg_1', output_index: 0, content_index: 0, part: { type: 'output_text', text: '', annotations: [] } },
       text('Hello '), text('there'),
       { type: 'response.output_text.done', item_id: 'msg_1', output_index: 0, content_index: 0, text: 'Hello there', logprobs: [] },
       { type: 'response.content_part.done', item_id: 'msg_1', output_index: 0, content_index: 0, part: item.content?.[0] }];
  return events(response, {
    head: [{ type: 'response.created', response: open }],
    more: text('more '),
    body: [...body, { type: 'response.output_item.done', output_index: 0, item }, { type: 'response.completed', response: whole }]
      .map((event, i) => ({ ...event, sequence_number: i + 1 })),
  }, ask.endless, true);
}

function anthropic(response, ask, stream) {
  const head = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-3-5-sonnet-20241022' };
  const stop_reason = ask.tool ? 'tool_use' : 'end_turn';
  if (!stream) {
    const block = ask.tool ? { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Oslo' } } : { type: 'text', text: 'Hello there' };
    return json(response, { ...head, content: [block], stop_reason, stop_sequence: null, usage: { input_tokens: 12, output_tokens: 8 } });
  }
  const delta = delta => ({ type: 'content_block_delta', index: 0, delta });
  return events(response, {
    head: [
      { type: 'message_start', message: { ...head, content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 12, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: ask.tool ? { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} } : { type: 'text', text: '' } },
    ],
    more: delta({ type: 'text_delta', text: 'more ' }),
    body: [
      ...(ask.tool
        ? [delta({ type: 'input_json_delta', partial_json: '{"city":' }), delta({ type: 'input_json_delta', partial_json: '"Oslo"}' })]
        : [delta({ type: 'text_delta', text: 'Hello ' }), delta({ type: 'text_delta', text: 'there' })]),
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 8 } },
      { type: 'message_stop' },
    ],
  }, ask.endless, true);
}

function gemini(response, ask, stream) {
  const answer = (part, finishReason, usageMetadata) => ({
    candidates: [{ content: { role: 'model', parts: [part] }, index: 0, ...(finishReason && { finishReason }) }],
    ...(usageMetadata && { usageMetadata }), modelVersion: 'gemini-2.0-flash',
  });
  const call = { functionCall: { name: 'weather', args: { city: 'Oslo' } } };
  if (!stream) return json(response, answer(ask.tool ? call : { text: 'Hello there' }, 'STOP', usage.gemini));
  return events(response, {
    head: ask.tool ? [] : [answer({ text: 'Hello ' })],
    more: answer({ text: 'more ' }),
    body: [answer(ask.tool ? call : { text: 'there' }, 'STOP', usage.gemini)],
  }, ask.endless);
}
