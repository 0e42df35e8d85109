using System.Runtime.InteropServices;

namespace NewApi.Bench.Load;

/// <summary>The kernel's <c>struct timespec</c> on 64-bit Linux.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct TimeSpecification(long Seconds, long Nanoseconds);
