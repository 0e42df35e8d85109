using System.Buffers;
using System.Text;
using NewApi.Protocols.Gemini;

namespace NewApi.Protocols.Tests.Codecs;

public sealed class GeminiModelNamesTests
{
    [Theory]
    [InlineData("""{"model": "models/a", "content": {"parts":[{"text":"model"}]}}""", """{"model": "models/b", "content": {"parts":[{"text":"model"}]}}""")]
    [InlineData(
        """{"requests":[{"model":"models/a","content":{"model":"x"}},{"content":{}},{"model":"a"}],"x":1}""",
        """{"requests":[{"model":"models/b","content":{"model":"x"}},{"content":{}},{"model":"b"}],"x":1}""")]
    [InlineData(
        """{"generateContentRequest":{"contents":[{"parts":[]}],"model":"models/a"}}""",
        """{"generateContentRequest":{"contents":[{"parts":[]}],"model":"models/b"}}""")]
    public void Every_name_inside_becomes_the_upstreams(string body, string expected)
    {
        var output = new ArrayBufferWriter<byte>();

        Assert.True(GeminiModelNames.TryWrite(Encoding.UTF8.GetBytes(body), "b", output));
        Assert.Equal(expected, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData("""{"contents":[{"parts":[{"text":"a \"model\""}]}]}""")]
    [InlineData("""{"contents":[{"model":"models/a"}]}""")]
    [InlineData("""{"model":null}""")]
    public void Body_that_names_none_stays_as_it_is(string body)
    {
        var output = new ArrayBufferWriter<byte>();

        Assert.False(GeminiModelNames.TryWrite(Encoding.UTF8.GetBytes(body), "b", output));
        Assert.Equal(0, output.WrittenCount);
    }
}
