using NewApi.Domain;

namespace NewApi.Providers.Tests;

/// <summary>What must be true of every provider in the registry.</summary>
public sealed class ProviderConformanceTests
{
    public static TheoryData<int> ChannelTypes => [.. ProviderRegistry.All.Select(profile => profile.ChannelType)];

    [Fact]
    public void No_two_providers_share_a_channel_type_or_a_name()
    {
        Assert.Distinct(ProviderRegistry.All.Select(profile => profile.ChannelType));
        Assert.Distinct(ProviderRegistry.All.Select(profile => profile.Name));
    }

    [Theory, MemberData(nameof(ChannelTypes))]
    public void A_provider_is_found_by_its_channel_type(int channelType) =>
        Assert.Equal(channelType, ProviderRegistry.Find(channelType)!.ChannelType);

    [Theory, MemberData(nameof(ChannelTypes))]
    public void An_address_of_its_own_is_absolute_and_has_no_trailing_slash(int channelType)
    {
        if (ProviderRegistry.Find(channelType)!.BaseUrl is not { } address)
        {
            return;
        }
        Assert.True(Uri.TryCreate(address, UriKind.Absolute, out var uri));
        Assert.True(uri.Scheme == "https" || uri.IsLoopback, address);
        Assert.False(address.EndsWith('/'), address);
    }

    [Theory, MemberData(nameof(ChannelTypes))]
    public void Every_path_can_be_filled_in(int channelType)
    {
        var profile = ProviderRegistry.Find(channelType)!;
        Assert.All(profile.Paths, path =>
        {
            Assert.True(path.Value[0] == '/' || path.Value.StartsWith("wss://", StringComparison.Ordinal), path.Value);
            Assert.True(profile.Speaks(path.Key));
            var filled = path.Value
                .Replace("{model}", "m", StringComparison.Ordinal)
                .Replace("{action}", "a", StringComparison.Ordinal)
                .Replace("{version}", "v1", StringComparison.Ordinal);
            Assert.DoesNotContain("{", filled, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_channel_type_nobody_knows_has_no_provider() => Assert.Null(ProviderRegistry.Find(-1));
}
