using NewApi.Domain.Groups;
using NewApi.Domain.Options;

namespace NewApi.Domain.Tests.Groups;

public class GroupRulesTests
{
    private static readonly GroupRules Rules = new(Options(
        ("UserUsableGroups", """{"default":"Everybody","vip":"Paying"}"""),
        ("GroupRatio", """{"default":1,"vip":0.8,"beta":1.5,"team":1}"""),
        ("GroupGroupRatio", """{"team":{"vip":0.5,"default":0}}"""),
        ("AutoGroups", """["vip","beta","default","vip","gone","auto"]"""),
        ("MaxTokenAutoGroups", "2"),
        ("group_ratio_setting.group_special_usable_group", """{"team":{"+:beta":"Try it","extra":"More","-:vip":""},"outcast":{"-:outcast":""}}""")));

    [Theory]
    [InlineData("default", "default,vip")]
    [InlineData("beta", "beta,default,vip")]
    [InlineData("team", "beta,default,extra,team")]
    [InlineData("outcast", "default,vip")]
    public void Usable_groups_are_the_general_ones_the_own_and_the_special(string userGroup, string expected) =>
        Assert.Equal(expected, string.Join(',', Rules.UsableBy(userGroup).Keys.Order(StringComparer.Ordinal)));

    [Fact]
    public void Descriptions_come_along()
    {
        Assert.Equal("Try it", Rules.UsableBy("team")["beta"]);
        Assert.True(Rules.CanUse("team", "beta"));
        Assert.False(Rules.CanUse("default", "beta"));
    }

    [Theory]
    [InlineData("default", "vip,default")]
    [InlineData("beta", "vip,beta,default")]
    [InlineData("team", "beta,default")]
    public void Auto_walks_the_groups_that_the_account_may_use(string userGroup, string expected) =>
        Assert.Equal(expected, string.Join(',', Rules.AutoGroupsOf(userGroup)));

    [Fact]
    public void Key_may_bring_its_own_short_list() =>
        Assert.Equal(["default", "vip"], Rules.AutoGroupsOf("default", ["default", "vip", "beta"]));

    [Theory]
    [InlineData("default", "vip", "0.8", null)]
    [InlineData("team", "vip", "0.5", "0.5")]
    [InlineData("team", "default", "0", "0")]
    [InlineData("team", "beta", "1.5", null)]
    [InlineData("default", "nowhere", "1", null)]
    public void Special_ratio_replaces_the_groups(string userGroup, string usingGroup, string ratio, string? special)
    {
        var price = Rules.PriceOf(userGroup, usingGroup);

        Assert.Equal(decimal.Parse(ratio), price.Ratio);
        Assert.Equal(special is null ? null : decimal.Parse(special), price.Special);
    }

    [Theory]
    [InlineData("gemini-2.5-flash-lite-preview-06-17-thinking-1024", "gemini-2.5-flash-lite-thinking-*")]
    [InlineData("gemini-2.5-flash-preview-04-17-thinking-128", "gemini-2.5-flash-thinking-*")]
    [InlineData("gemini-2.5-pro-thinking-32768", "gemini-2.5-pro-thinking-*")]
    [InlineData("gemini-2.5-flash-preview-04-17-thinking", "gemini-2.5-flash-preview-04-17-thinking")]
    [InlineData("gpt-4-gizmo-g-abc", "gpt-4-gizmo-*")]
    [InlineData("gpt-4o-gizmo-g-abc", "gpt-4o-gizmo-*")]
    [InlineData("gpt-4o", "gpt-4o")]
    public void Families_share_a_wildcard_name(string model, string expected) => Assert.Equal(expected, ModelNames.Normalize(model));

    private static GatewayOptions Options(params (string Key, string Value)[] rows)
    {
        var options = GatewayOptions.Parse(rows.ToDictionary(row => row.Key, row => row.Value), out var problems);
        Assert.Empty(problems);
        return options;
    }
}
