// The official Node clients against a gateway, unmodified but for base URL and key: every client asks for models of three vendors.
//
//   npm install && node run.mjs [http://127.0.0.1:3000]
//
// The gateway must be fresh (nobody has set it up yet), or take ROOT_PASSWORD from the environment.
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { generateText, streamText, tool } from 'ai';
import { createOpenAI } from '@ai-sdk/openai';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { z } from 'zod';
import { seen, startUpstream } from './upstream.mjs';

globalThis.AI_SDK_LOG_WARNINGS = false;

const base = (process.argv[2] ?? 'http://127.0.0.1:3000').replace(/\/$/, '');
const models = { openai: 'gpt-4o', anthropic: 'claude-3-5-sonnet-20241022', gemini: 'gemini-2.0-flash' };
const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

const upstream = await startUpstream();
const apiKey = await setUp(upstream.address);

const clients = {
  'openai chat': openaiChat(new OpenAI({ apiKey, baseURL: base + '/v1', maxRetries: 0 })),
  'openai responses': openaiResponses(new OpenAI({ apiKey, baseURL: base + '/v1', maxRetries: 0 })),
  '@anthropic-ai/sdk': anthropic(new Anthropic({ apiKey, baseURL: base, maxRetries: 0 })),
  '@google/genai': genai(new GoogleGenAI({ apiKey, httpOptions: { baseUrl: base } })),
  'ai, openai chat': ai(createOpenAI({ apiKey, baseURL: base + '/v1' }).chat),
  'ai, openai responses': ai(createOpenAI({ apiKey, baseURL: base + '/v1' }).responses),
  'ai, anthropic': ai(createAnthropic({ apiKey, baseURL: base + '/v1' })),
  'ai, google': ai(createGoogleGenerativeAI({ apiKey, baseURL: base + '/v1beta' })),
};

let failed = 0;
let passed = 0;
for (const [name, client] of Object.entries(clients)) {
  for (const [vendor, model] of Object.entries(models)) {
    const results = [];
    for (const [ability, check] of Object.entries(client)) {
      try {
        await Promise.race([check(model), new Promise((_, no) => setTimeout(() => no(new Error('no end after 15 s')), 15_000))]);
        results.push(ability);
        passed++;
      } catch (error) {
        results.push(`${ability} FAILED: ${error.message}`);
        failed++;
      }
    }
    console.log(`${name.padEnd(22)} → ${vendor.padEnd(10)} ${results.join(', ')}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
upstream.stop();
process.exit(failed ? 1 : 0);

function same(actual, expected) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${a} is not ${b}`);
}

function sawPicture() {
  if (!seen.body.includes(picture)) throw new Error('the picture did not arrive');
}

/** Reads a stream until some pieces have come, ends it, and demands that the upstream notices. */
async function abort(open) {
  const before = seen.left;
  const ending = new AbortController();
  let pieces = 0;
  try {
    for await (const _ of await open(ending.signal)) if (++pieces === 5) ending.abort();
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  }
  for (let i = 0; seen.left === before; i++) {
    if (i > 500) throw new Error('the upstream goes on');
    await new Promise(next => setTimeout(next, 10));
  }
}

function openaiChat(client) {
  const tools = [{ type: 'function', function: { name: 'weather', description: 'Tells the weather', parameters: schema } }];
  const ask = (model, content, more) => client.chat.completions.create({ model, messages: [{ role: 'user', content }], ...more });
  return {
    async plain(model) {
      const reply = await ask(model, 'Hi');
      same([reply.choices[0].message.content, reply.choices[0].finish_reason, reply.usage.prompt_tokens, reply.usage.completion_tokens], ['Hello there', 'stop', 12, 8]);
    },
    async stream(model) {
      let text = '', usage;
      for await (const chunk of await ask(model, 'Hi', { stream: true, stream_options: { include_usage: true } })) {
        text += chunk.choices[0]?.delta?.content ?? '';
        usage = chunk.usage ?? usage;
      }
      same([text, usage.prompt_tokens, usage.completion_tokens], ['Hello there', 12, 8]);
    },
    async tools(model) {
      const reply = await ask(model, 'a tool please', { tools });
      const call = reply.choices[0].message.tool_calls[0];
      same([reply.choices[0].finish_reason, call.function.name, JSON.parse(call.function.arguments)], ['tool_calls', 'weather', { city: 'Oslo' }]);
      const runner = client.chat.completions.stream({ model, messages: [{ role: 'user', content: 'a tool please' }], tools });
      const whole = await runner.finalChatCompletion();
      same(JSON.parse(whole.choices[0].message.tool_calls[0].function.arguments), { city: 'Oslo' });
      const last = await client.chat.completions.create({
        model, tools, messages: [{ role: 'user', content: 'a tool please' }, reply.choices[0].message, { role: 'tool', tool_call_id: call.id, content: 'minus four' }],
      });
      same(last.choices[0].message.content, 'Hello there');
    },
    async vision(model) {
      const reply = await ask(model, [{ type: 'text', text: 'a picture' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,' + picture } }]);
      same(reply.choices[0].message.content, 'Hello there');
      sawPicture();
    },
    abort: model => abort(signal => client.chat.completions.create({ model, stream: true, messages: [{ role: 'user', content: 'endless' }] }, { signal })),
  };
}

function openaiResponses(client) {
  const tools = [{ type: 'function', name: 'weather', description: 'Tells the weather', parameters: schema, strict: false }];
  return {
    async plain(model) {
      const reply = await client.responses.create({ model, input: 'Hi' });
      same([reply.output_text, reply.status, reply.usage.input_tokens, reply.usage.output_tokens], ['Hello there', 'completed', 12, 8]);
    },
    async stream(model) {
      const stream = client.responses.stream({ model, input: 'Hi' });
      let text = '';
      for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta;
      const whole = await stream.finalResponse();
      same([text, whole.output_text, whole.usage.output_tokens], ['Hello there', 'Hello there', 8]);
    },
    async tools(model) {
      const reply = await client.responses.create({ model, input: 'a tool please', tools });
      const call = reply.output.find(item => item.type === 'function_call');
      same([call.name, JSON.parse(call.arguments)], ['weather', { city: 'Oslo' }]);
      const whole = await client.responses.stream({ model, input: 'a tool please', tools }).finalResponse();
      same(JSON.parse(whole.output.find(item => item.type === 'function_call').arguments), { city: 'Oslo' });
      const last = await client.responses.create({
        model, tools, input: [{ role: 'user', content: 'a tool please' }, ...reply.output, { type: 'function_call_output', call_id: call.call_id, output: 'minus four' }],
      });
      same(last.output_text, 'Hello there');
    },
    async vision(model) {
      const reply = await client.responses.create({
        model, input: [{ role: 'user', content: [{ type: 'input_text', text: 'a picture' }, { type: 'input_image', detail: 'auto', image_url: 'data:image/png;base64,' + picture }] }],
      });
      same(reply.output_text, 'Hello there');
      sawPicture();
    },
    abort: model => abort(signal => client.responses.create({ model, stream: true, input: 'endless' }, { signal })),
  };
}

function anthropic(client) {
  const tools = [{ name: 'weather', description: 'Tells the weather', input_schema: schema }];
  const ask = (model, content, more) => ({ model, max_tokens: 100, messages: [{ role: 'user', content }], ...more });
  return {
    async plain(model) {
      const reply = await client.messages.create(ask(model, 'Hi'));
      same([reply.content[0].text, reply.stop_reason, reply.usage.input_tokens, reply.usage.output_tokens], ['Hello there', 'end_turn', 12, 8]);
    },
    async stream(model) {
      const stream = client.messages.stream(ask(model, 'Hi'));
      let text = '';
      stream.on('text', part => { text += part; });
      const whole = await stream.finalMessage();
      same([text, whole.content[0].text, whole.stop_reason, whole.usage.output_tokens], ['Hello there', 'Hello there', 'end_turn', 8]);
    },
    async tools(model) {
      const reply = await client.messages.create(ask(model, 'a tool please', { tools }));
      const call = reply.content.find(block => block.type === 'tool_use');
      same([reply.stop_reason, call.name, call.input], ['tool_use', 'weather', { city: 'Oslo' }]);
      const whole = await client.messages.stream(ask(model, 'a tool please', { tools })).finalMessage();
      same([whole.stop_reason, whole.content.find(block => block.type === 'tool_use').input], ['tool_use', { city: 'Oslo' }]);
      const last = await client.messages.create({
        model, max_tokens: 100, tools,
        messages: [
          { role: 'user', content: 'a tool please' },
          { role: 'assistant', content: reply.content },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'minus four' }] },
        ],
      });
      same(last.content[0].text, 'Hello there');
    },
    async vision(model) {
      const reply = await client.messages.create(ask(model, [
        { type: 'text', text: 'a picture' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: picture } },
      ]));
      same(reply.content[0].text, 'Hello there');
      sawPicture();
    },
    abort: model => abort(signal => client.messages.create(ask(model, 'endless', { stream: true }), { signal })),
  };
}

function genai(client) {
  const config = { tools: [{ functionDeclarations: [{ name: 'weather', description: 'Tells the weather', parametersJsonSchema: schema }] }] };
  return {
    async plain(model) {
      const reply = await client.models.generateContent({ model, contents: 'Hi' });
      same([reply.text, reply.candidates[0].finishReason, reply.usageMetadata.promptTokenCount, reply.usageMetadata.candidatesTokenCount], ['Hello there', 'STOP', 12, 8]);
    },
    async stream(model) {
      let text = '', usage;
      for await (const chunk of await client.models.generateContentStream({ model, contents: 'Hi' })) {
        text += chunk.text ?? '';
        usage = chunk.usageMetadata ?? usage;
      }
      same([text, usage.candidatesTokenCount], ['Hello there', 8]);
    },
    async tools(model) {
      const reply = await client.models.generateContent({ model, contents: 'a tool please', config });
      same([reply.functionCalls[0].name, reply.functionCalls[0].args], ['weather', { city: 'Oslo' }]);
      const calls = [];
      for await (const chunk of await client.models.generateContentStream({ model, contents: 'a tool please', config })) calls.push(...(chunk.functionCalls ?? []));
      same(calls.map(call => call.args), [{ city: 'Oslo' }]);
      const last = await client.models.generateContent({
        model, config,
        contents: [
          { role: 'user', parts: [{ text: 'a tool please' }] },
          reply.candidates[0].content,
          { role: 'user', parts: [{ functionResponse: { name: 'weather', response: { output: 'minus four' } } }] },
        ],
      });
      same(last.text, 'Hello there');
    },
    async vision(model) {
      const reply = await client.models.generateContent({
        model, contents: [{ role: 'user', parts: [{ text: 'a picture' }, { inlineData: { mimeType: 'image/png', data: picture } }] }],
      });
      same(reply.text, 'Hello there');
      sawPicture();
    },
    abort: model => abort(signal => client.models.generateContentStream({ model, contents: 'endless', config: { abortSignal: signal } })),
  };
}

function ai(provider) {
  const tools = { weather: tool({ description: 'Tells the weather', inputSchema: z.object({ city: z.string() }), execute: async () => 'minus four' }) };
  const ask = (model, more) => ({ model: provider(model), maxRetries: 0, ...more });
  return {
    async plain(model) {
      const reply = await generateText(ask(model, { prompt: 'Hi' }));
      same([reply.text, reply.finishReason, reply.usage.inputTokens, reply.usage.outputTokens], ['Hello there', 'stop', 12, 8]);
    },
    async stream(model) {
      const stream = streamText(ask(model, { prompt: 'Hi' }));
      let text = '';
      for await (const part of stream.textStream) text += part;
      same([text, await stream.finishReason, (await stream.usage).outputTokens], ['Hello there', 'stop', 8]);
    },
    async tools(model) {
      const { steps } = await generateText(ask(model, { prompt: 'a tool please', tools, stopWhen: ({ steps }) => steps.length >= 2 }));
      same([steps[0].toolCalls[0].input, steps[0].finishReason, steps[1].text], [{ city: 'Oslo' }, 'tool-calls', 'Hello there']);
      const stream = streamText(ask(model, { prompt: 'a tool please', tools: { weather: { ...tools.weather, execute: undefined } } }));
      await stream.consumeStream();
      same([(await stream.toolCalls)[0].input, await stream.finishReason], [{ city: 'Oslo' }, 'tool-calls']);
    },
    async vision(model) {
      const reply = await generateText(ask(model, {
        messages: [{ role: 'user', content: [{ type: 'text', text: 'a picture' }, { type: 'image', image: Buffer.from(picture, 'base64'), mediaType: 'image/png' }] }],
      }));
      same(reply.text, 'Hello there');
      sawPicture();
    },
    abort: model => abort(signal => streamText(ask(model, { prompt: 'endless', abortSignal: signal })).textStream),
  };
}

async function setUp(address) {
  const password = process.env.ROOT_PASSWORD ?? 'a password of nobody';
  let headers = { 'content-type': 'application/json' };
  const call = async (method, path, body) => {
    const response = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
    const answer = await response.json();
    if (!answer.success) throw new Error(`${path}: ${answer.message}`);
    const cookie = response.headers.getSetCookie().map(line => line.split(';')[0]).join('; ');
    if (cookie) headers = { ...headers, cookie, 'New-Api-User': String(answer.data?.id ?? 1) };
    return answer.data;
  };
  if (!process.env.ROOT_PASSWORD) {
    await call('POST', '/api/setup', { username: 'root', password, confirmPassword: password, SelfUseModeEnabled: false, DemoSiteEnabled: false });
  }
  await call('POST', '/api/user/login', { username: 'root', password });
  for (const [type, models_] of [[1, models.openai], [14, models.anthropic], [24, models.gemini]]) {
    await call('POST', '/api/channel/', { mode: 'single', channel: { type, name: `clients ${type}`, key: 'sk-stub', base_url: address, models: models_, group: 'default' } });
  }
  await call('POST', '/api/token/', { name: 'clients', unlimited_quota: true, remain_quota: 0, expired_time: -1 });
  const list = await call('GET', '/api/token/?p=1&size=10');
  return 'sk-' + list.items[0].key.replace(/^sk-/, '');
}
