using CsCheck;
using NewApi.Domain.Options;
using NewApi.Domain.Pricing;
using NewApi.Testing;

namespace NewApi.Domain.Tests.Pricing;

/// <summary>What must hold for every price and every report of an upstream, however absurd.</summary>
public class ChargePropertyTests
{
    private static readonly Gen<long?> Tokens = Gen.OneOf(
        Gen.Const((long?)null),
        Gen.Long[0, 200_000].Select(tokens => (long?)tokens),
        Gen.Long.Select(tokens => (long?)tokens));

    private static readonly Gen<decimal> Ratio = Gen.OneOf(
        Gen.Const(0m),
        Gen.Int[1, 100_000].Select(parts => parts / 1000m),
        Gen.Int[1, 9].Select(power => (decimal)Math.Pow(10, power)));

    private static readonly Gen<Usage> Usages =
        from input in Tokens
        from output in Tokens
        from read in Tokens
        from write in Tokens
        from write5m in Tokens
        from write1h in Tokens
        from image in Tokens
        from audioIn in Tokens
        from audioOut in Tokens
        from excludes in Gen.Bool
        select new Usage
        {
            Semantics = excludes ? UsageSemantics.InputExcludesCache : UsageSemantics.InputIncludesCache,
            Input = input,
            Output = output,
            CacheRead = read,
            CacheWrite = write,
            CacheWrite5m = write5m,
            CacheWrite1h = write1h,
            ImageInput = image,
            AudioInput = audioIn,
            AudioOutput = audioOut,
        };

    private static readonly Gen<Price> Prices =
        from model in Ratio
        from completion in Ratio
        from factor in Ratio
        from cache in Ratio
        from audio in Ratio
        from hasAudio in Gen.Bool
        from separate in Gen.Bool
        from perCall in Gen.Bool
        select new Price
        {
            Model = "m",
            ModelRatio = perCall ? 0 : model,
            PerCallPrice = perCall ? model : null,
            CompletionRatio = completion,
            CacheRatio = cache,
            CreateCacheRatio = 1.25m,
            ImageRatio = 2,
            AudioRatio = audio,
            AudioCompletionRatio = 2,
            HasAudioRatio = hasAudio,
            AudioInputPrice = separate ? 1 : null,
            GroupRatio = factor,
            QuotaPerUnit = 500_000,
            Tools = new PriceBook(GatewayOptions.Default).Tools,
        };

    [Fact]
    public void Plain_price_allocates_a_charge_and_nothing_else()
    {
        var book = new PriceBook(GatewayOptions.Default);
        var usage = new Usage { Input = 1000, Output = 500, CacheRead = 400 };

        var allocated = Allocations.Of(() =>
        {
            var price = book.Find("gpt-4o", "default", "default")!;
            price.HoldFor(1000, 500, default, out _);
            price.For(usage, default);
        });

        Assert.InRange(allocated, 1, 400);
    }

    [Fact]
    public void Charge_is_never_negative_and_never_above_the_limit() =>
        Gen.Select(Prices, Usages).Sample((price, usage) =>
        {
            var charge = price.For(usage, default);
            Assert.InRange(charge.Quota.Points, 0, QuotaRounding.LargestCharge);
            Assert.True(charge.Saturation is null || charge.Quota.Points == QuotaRounding.LargestCharge);
        });

    [Fact]
    public void Billable_call_of_a_token_priced_model_is_never_free() =>
        Gen.Select(Prices, Usages).Sample((price, usage) =>
        {
            var charge = price.For(usage, default);
            Assert.True(charge.Nothing ? charge.Quota.Points == 0 : price.PerCallPrice is not null || price.IsFree || charge.Quota.Points > 0);
        });

    [Fact]
    public void More_output_never_costs_less() =>
        Gen.Select(Prices, Usages, Gen.Long[0, 1_000_000]).Sample((price, usage, more) =>
        {
            var longer = usage with { Output = Math.Clamp(usage.Output ?? 0, 0, 1L << 40) + more };
            Assert.True(price.For(longer, default).Quota >= price.For(usage, default).Quota);
        });

    [Fact]
    public void More_input_never_costs_less() =>
        Gen.Select(Prices, Usages, Gen.Long[0, 1_000_000]).Sample((price, usage, more) =>
        {
            var longer = usage with { Input = Math.Clamp(usage.Input ?? 0, 0, 1L << 40) + more };
            Assert.True(price.For(longer, default).Quota >= price.For(usage, default).Quota);
        });

    [Fact]
    public void Hold_covers_a_plain_answer_within_its_bounds() =>
        Gen.Select(Prices, Gen.Long[1, 200_000], Gen.Long[1, 200_000], Gen.Double[0, 1]).Sample((price, prompt, most, share) =>
        {
            if (price.HoldFor(prompt, most, default, out var hold) is null)
            {
                var usage = new Usage { Input = prompt, Output = (long)(most * share) };
                Assert.True(hold >= price.For(usage, default).Quota);
            }
        });

    [Theory]
    [InlineData(129, 1, 1)] // known problem A9: a huge n must never become a small or negative amount
    [InlineData(-1, 1, 1)]
    [InlineData(int.MaxValue, 1, 1)]
    [InlineData(1, 1_000_001, 1)]
    [InlineData(1, -1, 1)]
    [InlineData(1, 1, 101)]
    [InlineData(1, 1, -1)]
    public void Multiplier_out_of_bounds_is_refused(int images, int ratio, int imageRatio)
    {
        var price = new PriceBook(GatewayOptions.Default).Find("dall-e-3", "default", "default")!;
        var factors = new ChargeFactors { Images = images, OtherRatio = ratio, ImagePriceRatio = imageRatio };

        var fault = price.HoldFor(1, null, factors, out var hold);

        Assert.Equal("model_price_error", fault?.Code);
        Assert.Equal(400, fault?.Status);
        Assert.Equal(0, hold.Points);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(1, -1)]
    [InlineData(long.MaxValue, 1)]
    [InlineData(1, long.MaxValue)]
    [InlineData(1, 1L << 30)]
    public void Hold_beyond_what_one_call_may_cost_is_refused(long prompt, long output)
    {
        var price = new PriceBook(GatewayOptions.Default).Find("o1-pro", "default", "default")!;

        Assert.Equal("model_price_error", price.HoldFor(prompt, output, default, out _)?.Code);
    }

    [Fact]
    public void Hold_may_be_capped()
    {
        var options = GatewayOptions.Parse(new Dictionary<string, string> { ["newapi.hold_output_cap"] = "1000" }, out _);
        var price = new PriceBook(options).Find("gpt-4o", "default", "default")!;

        Assert.Null(price.HoldFor(0, 100_000, default, out var hold));
        Assert.Equal(5000, hold.Points);
    }

    [Fact]
    public void Charge_beyond_the_limit_is_booked_as_the_limit_and_told()
    {
        var price = new PriceBook(GatewayOptions.Default).Find("o1-pro", "default", "default")!;

        var charge = price.For(new Usage { Input = 1L << 39, Output = 0 }, default);

        Assert.Equal(QuotaRounding.LargestCharge, charge.Quota.Points);
        Assert.Equal("overflow", charge.Saturation?.Kind);
        Assert.Equal(75m * (1L << 39), charge.Saturation?.Original);
    }

    [Theory]
    [InlineData("0.5", 1)]
    [InlineData("1.5", 2)]
    [InlineData("2.5", 3)]
    [InlineData("2.4999999999", 2)]
    [InlineData("0", 0)]
    [InlineData("2147483647.4", 2147483647)]
    public void Halves_are_rounded_up(string exact, long expected)
    {
        Assert.True(QuotaRounding.TryRound(decimal.Parse(exact), out var quota));
        Assert.Equal(expected, quota.Points);
    }

    [Theory]
    [InlineData("-0.5")]
    [InlineData("2147483647.5")]
    public void Amount_out_of_range_does_not_round(string exact) => Assert.False(QuotaRounding.TryRound(decimal.Parse(exact), out _));
}
