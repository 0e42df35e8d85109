using System.Buffers;
using System.Text;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>What a conversation brought along from other upstreams does not reach one that would refuse it.</summary>
public sealed class ForeignProofsTests
{
    [Theory]
    [InlineData(
        Dialect.OpenAIResponses,
        """{"input":[{"type":"reasoning","summary":[],"encrypted_content":"newapi:signature:x"},{"type":"reasoning","encrypted_content":"gAAAA"},{"role":"user","content":"say \"newapi:\""}],"n":1.50}""",
        """{"input":[{"type":"reasoning","encrypted_content":"gAAAA"},{"role":"user","content":"say \"newapi:\""}],"n":1.50}""")]
    [InlineData(
        Dialect.GeminiContent,
        """{"contents":[{"parts":[{"text":"a","thought":true,"thoughtSignature":"bmV3YXBpOnNpZ25hdHVyZTp4"},{"text":"b","thoughtSignature":"c2ln"}]}]}""",
        """{"contents":[{"parts":[{"text":"a","thought":true},{"text":"b","thoughtSignature":"c2ln"}]}]}""")]
    [InlineData(
        Dialect.AnthropicMessages,
        """{"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"a","signature":"gemini:x"},{"type":"redacted_thinking","data":"openai:x"},{"type":"thinking","thinking":"b","signature":"Eq"},{"type":"text","text":"c"}]}]}""",
        """{"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"b","signature":"Eq"},{"type":"text","text":"c"}]}]}""")]
    public void Foreign_proofs_are_taken_out(Dialect dialect, string body, string expected)
    {
        var output = new ArrayBufferWriter<byte>();

        Assert.True(ForeignProofs.TryRemove(dialect, Encoding.UTF8.GetBytes(body), output));

        Assert.Equal(expected, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData(Dialect.OpenAIResponses, """{"input":"newapi"}""")]
    [InlineData(Dialect.GeminiContent, """{"contents":[{"parts":[{"text":"b","thoughtSignature":"c2ln"}]}]}""")]
    [InlineData(Dialect.AnthropicMessages, """{"messages":[{"role":"user","content":"what is gemini: ?"}]}""")]
    public void Other_bodies_stay_as_they_are(Dialect dialect, string body) =>
        Assert.False(ForeignProofs.TryRemove(dialect, Encoding.UTF8.GetBytes(body), new ArrayBufferWriter<byte>()));
}
