using System.Text;
using CsCheck;
using NewApi.Domain.Pricing;

namespace NewApi.Domain.Tests.Pricing;

public class PriceCatalogTests
{
    [Fact]
    public void Ratio_table_of_a_gateway_is_read()
    {
        var prices = Read("""{"success":true,"data":{"model_ratio":{"gpt-4o":1.25,"bad":-1,"worse":"x"},"completion_ratio":{"gpt-4o":4},"model_price":{"mj_imagine":0.1}}}""")!;

        Assert.Equal(new CatalogPrice { ModelRatio = 1.25m, CompletionRatio = 4 }, prices["gpt-4o"]);
        Assert.Equal(new CatalogPrice { ModelPrice = 0.1m }, prices["mj_imagine"]);
        Assert.Equal(2, prices.Count);
    }

    [Fact]
    public void Price_list_of_a_gateway_is_read()
    {
        var prices = Read(
            """{"data":[{"model_name":"gpt-4o","quota_type":0,"model_ratio":1.25,"model_price":0,"completion_ratio":4},{"model_name":"dall-e-3","quota_type":1,"model_ratio":0,"model_price":0.04,"completion_ratio":0}]}""")!;

        Assert.Equal(new CatalogPrice { ModelRatio = 1.25m, CompletionRatio = 4 }, prices["gpt-4o"]);
        Assert.Equal(new CatalogPrice { ModelPrice = 0.04m }, prices["dall-e-3"]);
    }

    [Fact]
    public void Models_dev_is_read_with_the_vendor_before_resellers()
    {
        var prices = Read(
            """{"azure":{"models":{"gpt-4o":{"cost":{"input":9,"output":9}}}},"openai":{"models":{"gpt-4o":{"cost":{"input":2.5,"output":10,"cache_read":1.25}},"free":{}}},"anthropic":{"models":{"claude-sonnet-4":{"cost":{"input":3,"output":15,"cache_read":0.3,"cache_write":3.75}}}}}""")!;

        Assert.Equal(new CatalogPrice { ModelRatio = 1.25m, CompletionRatio = 4, CacheRatio = 0.5m }, prices["gpt-4o"]);
        Assert.Equal(new CatalogPrice { ModelRatio = 1.5m, CompletionRatio = 5, CacheRatio = 0.1m, CreateCacheRatio = 1.25m }, prices["claude-sonnet-4"]);
        Assert.Equal(2, prices.Count);
    }

    [Fact]
    public void Openrouter_is_read_without_variants_and_routers()
    {
        var prices = Read(
            """{"data":[{"id":"openai/gpt-4o","pricing":{"prompt":"0.0000025","completion":"0.00001","input_cache_read":"0.00000125"}},{"id":"x/y:free","pricing":{"prompt":"0","completion":"0"}},{"id":"openrouter/auto","pricing":{"prompt":"-1","completion":"-1"}}]}""")!;

        Assert.Equal(new CatalogPrice { ModelRatio = 1.25m, CompletionRatio = 4, CacheRatio = 0.5m }, Assert.Single(prices).Value);
    }

    [Fact]
    public void Litellm_is_read_without_prefixed_names()
    {
        var prices = Read(
            """{"sample_spec":{"input_cost_per_token":0},"gpt-4o":{"input_cost_per_token":2.5e-06,"output_cost_per_token":1e-05,"mode":"chat"},"azure/gpt-4o":{"input_cost_per_token":1},"dall-e-3":{"output_cost_per_image":0.04,"mode":"image_generation"}}""")!;

        Assert.Equal(new CatalogPrice { ModelRatio = 1.25m, CompletionRatio = 4 }, prices["gpt-4o"]);
        Assert.Equal(new CatalogPrice { ModelPrice = 0.04m }, prices["dall-e-3"]);
        Assert.Equal(2, prices.Count);
    }

    [Theory]
    [InlineData("""{"data":{"model_ratio":{"m":37.5},"completion_ratio":{"m":1}}}""", false)]
    [InlineData("""{"data":{"model_ratio":{"m":37.5},"completion_ratio":{"m":2}}}""", true)]
    [InlineData("""{"data":{"model_ratio":{"m":0}}}""", false)]
    [InlineData("""{"data":{"model_ratio":{"m":1}}}""", true)]
    public void Figure_of_somebody_who_does_not_know_is_marked(string json, bool certain) =>
        Assert.Equal(certain, Read(json)!["m"].Certain);

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"success":false,"message":"hidden"}""")]
    [InlineData("""{"data":"x"}""")]
    [InlineData("""{"data":[{"id":1}]}""")]
    public void What_is_no_list_is_none(string json) => Assert.Null(Read(json));

    [Fact]
    public void Any_document_is_survived() =>
        Gen.Char["{}[]\",:0123456789.e-datmodelpricngusx _"].Array[0, 80].Select(letters => new string(letters)).Sample(text => Read(text));

    private static IReadOnlyDictionary<string, CatalogPrice>? Read(string json) => PriceCatalog.Read(Encoding.UTF8.GetBytes(json), 500_000);
}
