using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Runtime;

/// <summary>Settings of the process. Those that OpenMP reads when it is loaded come too late in a process of tests.</summary>
public class CpuRuntimeTests
{
    [Fact]
    public void Threads_of_a_loaded_library_are_set()
    {
        int before = get_num_threads();
        CpuRuntimeSettings settings = CpuRuntime.Configure(new CpuRuntimeOptions { Threads = before, KeepFreedMemory = false });
        Assert.Equal(new CpuRuntimeSettings { Threads = before, ConfiguresThreads = false, KeepsFreedMemory = false }, settings);
        Assert.Equal(before, get_num_threads());
    }

    // OpenMP reads these settings in a process that has not loaded it.
    [Theory]
    [InlineData(1, false)]
    [InlineData(0, true)]
    public void Threads_are_bound_only_where_they_use_all_cores(int fewer, bool binds)
    {
        int cores = Environment.ProcessorCount;
        if (!OperatingSystem.IsLinux() || cores <= fewer) Assert.Skip("The test needs Linux and several cores.");
        Assert.Equal(binds, CpuRuntime.Binds(new CpuRuntimeOptions(), cores - fewer));
        Assert.False(CpuRuntime.Binds(new CpuRuntimeOptions { BindThreads = false }, cores));
    }

    [Fact]
    public void Threads_below_one_are_refused()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => CpuRuntime.Configure(new CpuRuntimeOptions { Threads = 0 }));
        Assert.Contains("at least 1", error.Message, StringComparison.Ordinal);
    }
}
