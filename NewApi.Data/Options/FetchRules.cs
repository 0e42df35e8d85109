using System.Runtime.CompilerServices;
using NewApi.Domain.Options;
using NewApi.ServiceDefaults.Egress;

namespace NewApi.Data.Options;

/// <summary>The administrator's settings for addresses that users choose, as rules of the egress client.</summary>
public static class FetchRules
{
    // One instance per snapshot of the options: connections are shared among calls under the same instance.
    private static readonly ConditionalWeakTable<FetchSettings, EgressRules> Known = [];

    public static EgressRules Rules(this FetchSettings fetch) => Known.GetValue(fetch, static settings => new EgressRules
    {
        Protected = settings.EnableSsrfProtection,
        AllowPrivate = settings.AllowPrivateIp,
        Domains = settings.DomainList,
        OnlyDomains = settings.DomainFilterMode,
        Addresses = settings.IpList,
        OnlyAddresses = settings.IpFilterMode,
        AddressesOfNames = settings.ApplyIpFilterForDomain,
        Ports = settings.AllowedPorts,
    });
}
