using System.Buffers;
using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>Embeddings and pictures between OpenAI and Google, both ways: bytes in, bytes out.</summary>
public sealed class DocumentTranslationTests
{
    [Theory]
    [InlineData("""{"model":"x","input":"a","dimensions":3}""", """{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]},"outputDimensionality":3}]}""")]
    [InlineData("""{"model":"x","input":["a","b"]}""", """{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]}},{"model":"models/m","content":{"parts":[{"text":"b"}]}}]}""")]
    public void OpenAI_embeddings_are_asked_of_Gemini(string body, string expected)
    {
        var translation = DocumentTranslations.Open(Dialect.OpenAIEmbeddings, Dialect.GeminiEmbeddings, "m");

        Translate.AssertJson(expected, Request(translation, body));
        Assert.Equal("batchEmbedContents", translation.Action);
    }

    [Fact]
    public void Gemini_embeddings_are_answered_to_OpenAI()
    {
        var translation = DocumentTranslations.Open(Dialect.OpenAIEmbeddings, Dialect.GeminiEmbeddings, "m");
        Request(translation, """{"input":["a","b"]}""");

        Translate.AssertJson(
            """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-1]},{"object":"embedding","index":1,"embedding":[2,3e-7]}],"model":"model","usage":{"prompt_tokens":4,"total_tokens":4}}""",
            Reply(translation, """{"embeddings":[{"values":[0.5,-1]},{"values":[2,3e-7]}]}""", new Usage { Input = 4 }));
    }

    [Fact]
    public void Embeddings_come_as_base64_to_clients_that_ask_so()
    {
        var translation = DocumentTranslations.Open(Dialect.OpenAIEmbeddings, Dialect.GeminiEmbeddings, "m");
        Request(translation, """{"input":"a","encoding_format":"base64"}""");

        var reply = JsonElement.Parse(Reply(translation, """{"embeddings":[{"values":[0.5,-1]}]}"""));

        var floats = Convert.FromBase64String(reply.GetProperty("data")[0].GetProperty("embedding").GetString()!);
        Assert.Equal([0.5f, -1f], System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(floats).ToArray());
    }

    [Fact]
    public void Token_numbers_cannot_be_embedded_elsewhere() => Assert.Throws<TranslationException>(() =>
        Request(DocumentTranslations.Open(Dialect.OpenAIEmbeddings, Dialect.GeminiEmbeddings, "m"), """{"input":[1,2]}"""));

    [Theory]
    [InlineData(
        """{"content":{"parts":[{"text":"a"},{"text":"b"}]},"output_dimensionality":3}""",
        """{"model":"m","input":"ab","dimensions":3,"encoding_format":"float"}""",
        """{"embedding":{"values":[1,2]},"usageMetadata":{"promptTokenCount":2,"totalTokenCount":2}}""")]
    [InlineData(
        """{"requests":[{"content":{"parts":[{"text":"a"}]}}]}""",
        """{"model":"m","input":["a"],"encoding_format":"float"}""",
        """{"embeddings":[{"values":[1,2]}],"usageMetadata":{"promptTokenCount":2,"totalTokenCount":2}}""")]
    public void Gemini_embeddings_are_asked_of_OpenAI(string body, string request, string reply)
    {
        var translation = DocumentTranslations.Open(Dialect.GeminiEmbeddings, Dialect.OpenAIEmbeddings, "m");

        Translate.AssertJson(request, Request(translation, body));
        Translate.AssertJson(
            reply, Reply(translation, """{"object":"list","data":[{"index":0,"embedding":[1,2]}],"usage":{"prompt_tokens":2}}""", new Usage { Input = 2 }));
    }

    [Theory]
    [InlineData("imagen-4.0-generate-001", "1792x1024", """{"instances":[{"prompt":"cat"}],"parameters":{"sampleCount":2,"aspectRatio":"16:9"}}""")]
    [InlineData("imagen-4.0-generate-001", "2048x2048", """{"instances":[{"prompt":"cat"}],"parameters":{"sampleCount":2,"aspectRatio":"1:1","sampleImageSize":"2K"}}""")]
    [InlineData("imagen-4.0-generate-001", "auto", """{"instances":[{"prompt":"cat"}],"parameters":{"sampleCount":2}}""")]
    public void Pictures_are_asked_of_Imagen(string model, string size, string expected)
    {
        Assert.Equal(Dialect.GeminiAction, DocumentTranslations.RelativeOf(Dialect.OpenAIImages, model));
        var translation = DocumentTranslations.Open(Dialect.OpenAIImages, Dialect.GeminiAction, model);

        Translate.AssertJson(expected, Request(translation, $$"""{"prompt":"cat","n":2,"size":"{{size}}"}"""));
        Assert.Equal("predict", translation.Action);
        Translate.AssertJson(
            """{"created":7,"data":[{"b64_json":"AAAA"}]}""", Reply(translation, """{"predictions":[{"mimeType":"image/png","bytesBase64Encoded":"AAAA"}]}"""));
    }

    [Fact]
    public void Pictures_are_asked_of_Gemini()
    {
        const string Model = "gemini-3-pro-image-preview";
        Assert.Equal(Dialect.GeminiContent, DocumentTranslations.RelativeOf(Dialect.OpenAIImages, Model));
        var translation = DocumentTranslations.Open(Dialect.OpenAIImages, Dialect.GeminiContent, Model);

        Translate.AssertJson(
            """{"contents":[{"role":"user","parts":[{"text":"cat"}]}],"generationConfig":{"responseModalities":["TEXT","IMAGE"],"imageConfig":{"aspectRatio":"1:1","imageSize":"4K"}}}""",
            Request(translation, """{"prompt":"cat","size":"4096x4096"}"""));
        Translate.AssertJson(
            """{"created":7,"data":[{"b64_json":"BBBB"}],"usage":{"input_tokens":5,"output_tokens":1290,"total_tokens":1295,"input_tokens_details":{"text_tokens":5,"image_tokens":0}}}""",
            Reply(
                translation,
                """{"candidates":[{"content":{"parts":[{"thought":true,"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"text":"Here"},{"inlineData":{"mimeType":"image/png","data":"BBBB"}}]}}]}""",
                new Usage { Input = 5, Output = 1290 }));
    }

    [Theory]
    [InlineData(Dialect.GeminiAction, """{}""")]
    [InlineData(Dialect.GeminiContent, """{"candidates":[{"finishReason":"IMAGE_SAFETY"}]}""")]
    public void Picture_that_a_filter_caught_is_an_error(Dialect upstream, string reply)
    {
        var translation = DocumentTranslations.Open(Dialect.OpenAIImages, upstream, "m");

        Reply(translation, reply);

        Assert.Equal((400, "prompt_blocked"), (translation.Fault!.Status, translation.Fault.Code));
    }

    [Fact]
    public void Every_relative_exists()
    {
        foreach (var caller in Enum.GetValues<Dialect>())
        {
            foreach (var model in new[] { "imagen-4.0-generate-001", "gemini-3-pro-image-preview" })
            {
                Assert.True(DocumentTranslations.RelativeOf(caller, model) is not { } upstream || DocumentTranslations.Exists(caller, upstream), $"{caller}");
            }
        }
    }

    private static string Request(DocumentTranslation translation, string body)
    {
        var output = new ArrayBufferWriter<byte>();
        translation.WriteRequest(JsonElement.Parse(body), output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static string Reply(DocumentTranslation translation, string reply, Usage usage = default)
    {
        var output = new ArrayBufferWriter<byte>();
        translation.WriteReply(Encoding.UTF8.GetBytes(reply), output, Translate.Context, usage);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
