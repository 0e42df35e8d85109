using System.Net.Http.Json;
using System.Text.Json;
using NewApi.EndToEnd.Tests.Money;

namespace NewApi.EndToEnd.Tests.Clients;

/// <summary>
/// A gateway whose upstream is another gateway: what comes through, and what both charge, is what one alone would give (known problem D6).
/// </summary>
public sealed class GatewayBehindGatewayTests : IAsyncLifetime
{
    private const string Gpt = "gpt-4o";
    private const string Claude = "claude-3-5-sonnet-20241022";

    private ClientUpstream _upstream = null!;
    private Shop _inner = null!;
    private Shop _outer = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _upstream = await ClientUpstream.StartAsync();
        _inner = await Shop.OpenAsync();
        await _inner.AddChannelAsync(type: 1, _upstream.Address, Gpt);
        await _inner.AddChannelAsync(type: 14, _upstream.Address, Claude);
        await _inner.UseKeyAsync(quota: 1_000_000);
        _outer = await Shop.OpenAsync();
        var inner = _inner.Caller.BaseAddress!.ToString().TrimEnd('/');
        await _outer.AddChannelAsync(type: 1, inner, Gpt, _inner.Key);
        await _outer.AddChannelAsync(type: 14, inner, Claude, _inner.Key);
        await _outer.UseKeyAsync(quota: 1_000_000);
    }

    public async ValueTask DisposeAsync()
    {
        await _outer.DisposeAsync();
        await _inner.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData("/v1/chat/completions", Gpt, false)]
    [InlineData("/v1/chat/completions", Gpt, true)]
    [InlineData("/v1/chat/completions", Claude, true)]
    [InlineData("/v1/messages", Claude, false)]
    [InlineData("/v1/messages", Claude, true)]
    [InlineData("/v1/messages", Gpt, true)]
    public async Task Answers_come_through_and_both_charge_the_same(string path, string model, bool stream)
    {
        var ask = new { model, stream, max_tokens = 100, messages = new[] { new { role = "user", content = "Hi" } } };
        using var response = await _outer.Caller.PostAsJsonAsync(path, ask, Cancel);
        var body = await response.Content.ReadAsStringAsync(Cancel);
        await _outer.UntilAppliedAsync(1);
        await _inner.UntilAppliedAsync(1);

        Assert.True(response.IsSuccessStatusCode, body);
        Assert.Contains(stream ? "there" : "Hello there", body, StringComparison.Ordinal);
        const string Bill = "SELECT prompt_tokens * 1000000000 + completion_tokens * 1000000 + quota FROM logs WHERE type = 2";
        Assert.Equal(_inner.Read(Bill), _outer.Read(Bill));
        Assert.Equal((12, 8), (_outer.Read("SELECT prompt_tokens FROM logs WHERE type = 2"), _outer.Read("SELECT completion_tokens FROM logs WHERE type = 2")));
        await _outer.AssertBooksAreRightAsync();
    }

    [Fact]
    public async Task A_refusal_of_the_inner_one_does_not_look_like_one_of_the_outer_ones_key()
    {
        await _inner.UseKeyAsync(quota: 1);
        await _outer.AddChannelAsync(type: 1, _inner.Caller.BaseAddress!.ToString().TrimEnd('/'), "gpt-4o-mini", "sk-nobody");
        using var response = await _outer.Caller.PostAsJsonAsync(
            "/v1/chat/completions", new { model = "gpt-4o-mini", messages = new[] { new { role = "user", content = "Hi" } } }, Cancel);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("error");

        Assert.Equal(502, (int)response.StatusCode);
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
    }
}
