using System.Net;
using System.Text.Json;
using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Rows;
using NewApi.Domain;
using NewApi.Domain.Options;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Channels;

/// <summary>A credential that is refused disables its channel or key at once; a bad minute of an upstream disables nothing.</summary>
public sealed class AutoDisableTests
{
    private static readonly Dictionary<string, string> On = new() { ["AutomaticDisableChannelEnabled"] = "true" };

    public static TheoryData<int, string, string, bool, bool> Verdicts => new()
    {
        { 401, "", "", false, true },
        { 403, "", "", true, false },
        { 429, "", "", true, false },
        { 500, "", "", true, false },
        { 503, "", "", false, false },
        { 400, "", "Your credit balance is too low to access the API.", false, true },
        { 500, "channel:model_mapped_error", "", false, true },
    };

    [Theory, MemberData(nameof(Verdicts))]
    public void Verdict_rests_on_what_the_upstream_said(int status, string code, string message, bool exhausted, bool due)
    {
        var options = GatewayOptions.Parse(On, out _);
        var raw = new RelayFault(status, code, "masked") { FromUpstream = true, Leg = Leg.Headers, Unmasked = message };

        Assert.Equal(due, DisableRule.IsDue(raw, options, exhausted));
        Assert.False(DisableRule.IsDue(raw, GatewayOptions.Default, exhausted));
    }

    [Fact]
    public void Status_that_the_operator_names_needs_the_failure_budget()
    {
        var options = GatewayOptions.Parse(new Dictionary<string, string>(On) { ["AutomaticDisableStatusCodes"] = "401,500-503" }, out _);
        var raw = new RelayFault(500, "", "text") { FromUpstream = true, Leg = Leg.Headers };

        Assert.False(DisableRule.IsDue(raw, options, exhausted: false));
        Assert.True(DisableRule.IsDue(raw, options, exhausted: true));
        Assert.False(DisableRule.IsDue(raw with { FromUpstream = false, Leg = Leg.Connect }, options, exhausted: true));
    }

    [Fact]
    public void Text_before_masking_is_never_shown()
    {
        Assert.DoesNotContain("secret", new RelayFault(401, "c", "m") { Unmasked = "secret" }.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_channel_is_disabled_with_reason_and_time_and_root_is_told()
    {
        await using var refusing = await FakeUpstream.StartAsync(Faults.Status(401, "invalid_api_key"));
        await using var good = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartAsync(On, [RelayHost.Channel(1, refusing, row => row.Priority = 10), RelayHost.Channel(2, good)]);

        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);

        await RelayHost.UntilAsync(async () => (await relay.ChannelAsync(1)).Status == 3, "the channel is disabled");
        var notice = (await relay.LogsAsync(4, 1)).Single();
        Assert.Equal((2L, 1L), (notice.UserId, notice.ChannelId));
        var info = JsonDocument.Parse((await relay.ChannelAsync(1)).OtherInfo).RootElement;
        Assert.Contains("status_code=401, code=invalid_api_key", info.GetProperty("status_reason").GetString(), StringComparison.Ordinal);
        Assert.True(info.GetProperty("status_time").GetInt64() > 1_700_000_000);
        Assert.Equal("kept", info.GetProperty("other").GetString());
        await using var db = relay.Database.Open();
        Assert.False((await db.GetTable<AbilityRow>().SingleAsync(row => row.ChannelId == 1, TestContext.Current.CancellationToken)).Enabled);
        await RelayHost.UntilAsync(
            () => Task.FromResult(relay.Snapshot.Routing.Find("default", RelayHost.Model).Length == 1), "the relay has heard of it");
    }

    [Theory]
    [InlineData(false, 1L)]
    [InlineData(true, 0L)]
    public async Task Nothing_is_disabled_without_the_option_or_where_the_channel_forbids_it(bool option, long autoBan)
    {
        await using var refusing = await FakeUpstream.StartAsync(Faults.Status(401));
        await using var good = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartAsync(
            option ? On : [], [RelayHost.Channel(1, refusing, row => (row.Priority, row.AutoBan) = (10, autoBan)), RelayHost.Channel(2, good)]);

        await relay.ChatAsync();
        await relay.LogsAsync(5, 1);

        Assert.Equal(1, (await relay.ChannelAsync(1)).Status);
    }

    [Fact]
    public async Task Of_several_keys_only_the_refused_ones_are_disabled_and_the_channel_with_the_last()
    {
        await using var upstream = await FakeUpstream.StartAsync((http, request) =>
            request.Key == "key-b" ? OpenAIAnswers.Good(http, request) : Faults.Status(401)(http, request));
        await using var relay = await StartAsync(On,
        [
            RelayHost.Channel(1, upstream, row =>
            {
                row.Key = "key-a\nkey-b";
                row.ChannelInfo = """{"is_multi_key":true,"multi_key_size":2,"multi_key_mode":"polling","multi_key_status_list":null}""";
            }),
        ]);

        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);
        await RelayHost.UntilAsync(async () => StatusOf(await relay.ChannelAsync(1), "0") == 3, "the first key is disabled");
        var row = await relay.ChannelAsync(1);
        Assert.Equal(1, row.Status);
        var info = JsonDocument.Parse(row.ChannelInfo!).RootElement;
        Assert.Contains("401", info.GetProperty("multi_key_disabled_reason").GetProperty("0").GetString(), StringComparison.Ordinal);
        Assert.True(info.GetProperty("multi_key_disabled_time").GetProperty("0").GetInt64() > 1_700_000_000);

        upstream.Script = Faults.Status(401);
        await RelayHost.UntilAsync(
            async () =>
            {
                await relay.ChatAsync();
                return (await relay.ChannelAsync(1)).Status == 3;
            },
            "the channel goes with its last key");
        Assert.Equal(3, StatusOf(await relay.ChannelAsync(1), "1"));
        Assert.Contains("All keys are disabled", (await relay.ChannelAsync(1)).OtherInfo, StringComparison.Ordinal);
    }

    private static int StatusOf(ChannelRow row, string index) =>
        JsonDocument.Parse(row.ChannelInfo!).RootElement.GetProperty("multi_key_status_list") is { ValueKind: JsonValueKind.Object } list
        && list.TryGetProperty(index, out var status)
            ? status.GetInt32()
            : 1;

    private static async Task<RelayHost> StartAsync(Dictionary<string, string> options, ChannelRow[] channels)
    {
        channels[0].OtherInfo = """{"other":"kept"}""";
        var relay = await RelayHost.StartAsync(channels, options: options);
        await relay.Database.WriteAsync(
            (db, cancel) => db.InsertAsync(new UserRow { Username = "root", Role = 100, AffCode = "aff2" }, token: cancel),
            TestContext.Current.CancellationToken);
        return relay;
    }
}
