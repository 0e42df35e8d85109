using System.Collections.Concurrent;
using System.Collections.Frozen;
using NewApi.Domain.Groups;
using NewApi.Domain.Options;
using NewApi.Domain.Pricing.Expressions;

namespace NewApi.Domain.Pricing;

/// <summary>
/// All prices of one snapshot of the options. Looking the same model up again for the same groups allocates nothing; models are looked
/// up by the name that the caller used (specification: billing §2).
/// </summary>
public sealed class PriceBook(GatewayOptions options)
{
    /// <summary>Charged for an unpriced model where that is allowed: high enough that nobody overlooks it.</summary>
    public const decimal UnsetModelRatio = 37.5m;

    /// <summary>The billing mode of a model whose price is a formula.</summary>
    public const string FormulaMode = "tiered_expr";

    private const int RememberedPrices = 10_000;
    private const int LongestRememberedName = 256;
    private const string CompactSuffix = "-openai-compact";
    private const string AnyCompact = "*" + CompactSuffix;

    private readonly GroupRules _groups = new(options);
    private readonly ToolPrices _tools = new(options.ToolPrices);
    private ConcurrentDictionary<(string Model, string UserGroup, string UsingGroup), Price> _known = new();
    private int _knownCount;

    /// <summary>The group rules of the same snapshot.</summary>
    public GroupRules Groups => _groups;

    public ToolPrices Tools => _tools;

    /// <summary>The refusal of a call whose model has no price.</summary>
    public static RelayFault NoPrice(string model) =>
        new(400, "model_price_error", $"The model {model} has no price yet. Ask the administrator to set one.") { Final = true };

    /// <summary>
    /// The price of a model for an account of one group that is served by another. Null when nobody has set one, unless the gateway
    /// serves its owner only, or the user accepts unpriced models: then <see cref="UnsetModelRatio"/>.
    /// </summary>
    public Price? Find(string model, string userGroup, string usingGroup, bool acceptUnset = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(userGroup);
        ArgumentNullException.ThrowIfNull(usingGroup);
        if (!_known.TryGetValue((model, userGroup, usingGroup), out var price))
        {
            price = Compose(model, userGroup, usingGroup);
            if (!price.Unset && model.Length <= LongestRememberedName)
            {
                Remember(price, userGroup, usingGroup);
            }
        }

        return price.Unset && !acceptUnset && !options.SelfUseModeEnabled ? null : price;
    }

    /// <summary>Whether somebody has set a price for the model.</summary>
    public bool HasPrice(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var name = ModelNames.Normalize(model);
        return IsFormula(model, name)
            ? Formula(model, name) is not null
            : TryFind(options.ModelPrice, model, name, out _, out _) || TryFind(options.ModelRatio, model, name, out _, out _);
    }

    private void Remember(Price price, string userGroup, string usingGroup)
    {
        // Priced names and groups are the administrator's, so this fills up only where wildcards meet inventive callers.
        if (Interlocked.Increment(ref _knownCount) > RememberedPrices)
        {
            _known = new ConcurrentDictionary<(string, string, string), Price>();
            _knownCount = 0;
        }

        _known.TryAdd((price.Model, userGroup, usingGroup), price);
    }

    private Price Compose(string model, string userGroup, string usingGroup)
    {
        var name = ModelNames.Normalize(model);
        var group = _groups.PriceOf(userGroup, usingGroup);
        if (IsFormula(model, name))
        {
            return Compose(model, options.BillingExpr.ContainsKey(model) ? model : name, group, Formula(model, name));
        }

        var perCall = TryFind(options.ModelPrice, model, name, out var callPrice, out var callName);
        var byToken = TryFind(options.ModelRatio, model, name, out var ratio, out var ratioName);
        var cacheWrite = options.CreateCacheRatio.TryGetValue(model, out var write) ? write : 1.25m;
        return new Price
        {
            Model = model,
            PricingName = perCall ? callName : byToken ? ratioName : model,
            PerCallPrice = perCall ? callPrice : null,
            ModelRatio = perCall ? 0 : byToken ? ratio : UnsetModelRatio,
            Unset = !perCall && !byToken,
            Shipped = !perCall && byToken && DefaultPrices.ShippedModelRatio.TryGetValue(name, out var shipped) && shipped == ratio,
            CompletionRatio = options.CompletionRatio.TryGetValue(name, out var completion) ? completion : CompletionRules.For(name),
            // Cache and image tables are read by the plain name, as the reference does.
            CacheRatio = options.CacheRatio.TryGetValue(model, out var read) ? read : 1,
            CreateCacheRatio = cacheWrite,
            ImageRatio = options.ImageRatio.TryGetValue(model, out var image) ? image : 1,
            AudioRatio = options.AudioRatio.TryGetValue(name, out var audio) ? audio : 1,
            AudioCompletionRatio = options.AudioCompletionRatio.TryGetValue(name, out var spoken) ? spoken : 1,
            HasAudioRatio = options.AudioRatio.ContainsKey(name) || options.AudioCompletionRatio.ContainsKey(name),
            AudioInputPrice = GeminiAudio(model),
            GroupRatio = group.Ratio,
            UserGroupRatio = group.Special,
            QuotaPerUnit = options.QuotaPerUnit,
            Tools = _tools,
            UnboundedOutput = options.PreConsumedQuota,
            HoldOutputCap = options.HoldOutputCap,
        };
    }

    /// <summary>The price of a model that is sold by a formula; without one that compiles it has no price.</summary>
    private Price Compose(string model, string name, GroupPrice group, PriceExpression? formula) => new()
    {
        Model = model,
        PricingName = name,
        Expression = formula,
        Unset = formula is null,
        ModelRatio = formula is null ? UnsetModelRatio : 0,
        CompletionRatio = formula is null ? 1 : 0,
        CacheRatio = formula is null ? 1 : 0,
        CreateCacheRatio = formula is null ? 1 : 0,
        ImageRatio = formula is null ? 1 : 0,
        AudioRatio = 0,
        AudioCompletionRatio = 0,
        HasAudioRatio = false,
        GroupRatio = group.Ratio,
        UserGroupRatio = group.Special,
        QuotaPerUnit = options.QuotaPerUnit,
        Tools = _tools,
        UnboundedOutput = options.PreConsumedQuota,
        HoldOutputCap = options.HoldOutputCap,
    };

    private bool IsFormula(string model, string name) =>
        (options.BillingMode.TryGetValue(model, out var mode) || options.BillingMode.TryGetValue(name, out mode)) && mode == FormulaMode;

    private PriceExpression? Formula(string model, string name) =>
        options.BillingExpr.GetValueOrDefault(model) ?? options.BillingExpr.GetValueOrDefault(name);

    private static bool TryFind(FrozenDictionary<string, decimal> table, string model, string name, out decimal value, out string key)
    {
        key = name;
        if (table.TryGetValue(name, out value))
        {
            return true;
        }

        key = AnyCompact;
        return model.EndsWith(CompactSuffix, StringComparison.Ordinal) && table.TryGetValue(key, out value);
    }

    /// <summary>US dollars per million audio input tokens, where Gemini sells them apart from text.</summary>
    private static decimal? GeminiAudio(string model) => model switch
    {
        _ when model.StartsWith("gemini-2.5-flash", StringComparison.Ordinal) =>
            model.Contains("native-audio", StringComparison.Ordinal) ? 3.00m
            : model.Contains("-lite", StringComparison.Ordinal) ? 0.50m
            : 1.00m,
        _ when model.StartsWith("gemini-2.0-flash-lite", StringComparison.Ordinal) => null,
        _ when model.StartsWith("gemini-2.0-flash", StringComparison.Ordinal) => 0.70m,
        _ when model.StartsWith("gemini-robotics-er-1.5", StringComparison.Ordinal) => 1.00m,
        _ => null,
    };
}
