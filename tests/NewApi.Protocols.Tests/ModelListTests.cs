using System.Buffers;
using System.Text;
using NewApi.Protocols;

namespace NewApi.Protocols.Tests;

public sealed class ModelListTests
{
    private static readonly ModelListing[] Two =
        [new("gpt-4o", "openai", ["openai", "openai-response"]), new("models/gemini-2.5-pro", "custom", ["gemini"])];

    [Fact]
    public void OpenAI_list()
    {
        Assert.Equal(
            """{"success":true,"object":"list","data":[{"id":"gpt-4o","object":"model","created":1626777600,"owned_by":"openai","supported_endpoint_types":["openai","openai-response"]},{"id":"models/gemini-2.5-pro","object":"model","created":1626777600,"owned_by":"custom","supported_endpoint_types":["gemini"]}]}""",
            Written(output => ModelLists.Write(output, ErrorShape.OpenAI, Two)));
    }

    [Fact]
    public void Anthropic_list()
    {
        Assert.Equal(
            """{"data":[{"id":"gpt-4o","created_at":"2021-07-20T10:40:00Z","display_name":"gpt-4o","type":"model"}],"first_id":"gpt-4o","last_id":"gpt-4o","has_more":false}""",
            Written(output => ModelLists.Write(output, ErrorShape.Anthropic, Two[..1])));
    }

    [Fact]
    public void Empty_anthropic_list_has_null_ids()
    {
        Assert.Equal(
            """{"data":[],"first_id":null,"last_id":null,"has_more":false}""",
            Written(output => ModelLists.Write(output, ErrorShape.Anthropic, [])));
    }

    [Fact]
    public void Gemini_list()
    {
        Assert.Equal(
            """{"models":[{"name":"gpt-4o","displayName":"gpt-4o"},{"name":"gemini-2.5-pro","displayName":"models/gemini-2.5-pro"}],"nextPageToken":null}""",
            Written(output => ModelLists.Write(output, ErrorShape.Gemini, Two)));
    }

    [Fact]
    public void One_model()
    {
        Assert.Equal(
            """{"id":"gpt-4o","object":"model","created":1626777600,"owned_by":"openai","supported_endpoint_types":["openai","openai-response"]}""",
            Written(output => ModelLists.WriteOne(output, ErrorShape.OpenAI, Two[0])));
    }

    [Fact]
    public void Unknown_model()
    {
        Assert.Equal(
            """{"error":{"message":"The model 'x' does not exist","type":"invalid_request_error","param":"model","code":"model_not_found"}}""",
            Written(output => ModelLists.WriteUnknown(output, "x")));
    }

    private static string Written(Action<ArrayBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
