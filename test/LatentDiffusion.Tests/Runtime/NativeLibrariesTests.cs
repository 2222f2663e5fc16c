using Xunit;

namespace LatentDiffusion.Tests.Runtime;

public sealed class NativeLibrariesTests
{
    [Theory]
    [InlineData(
        "/lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by libLibTorchSharp.so)",
        "build it again")]
    [InlineData("Unable to load shared library 'LibTorchSharp' or one of its dependencies", "add the package libtorch-cpu-linux-x64")]
    [InlineData("something else", "inner exception")]
    public void What_cannot_be_loaded_is_explained(string loader, string advice)
    {
        string message = NativeLibraries.Explain(new TypeInitializationException("TorchSharp.torch", new DllNotFoundException(loader)));
        Assert.StartsWith("libtorch could not be loaded.", message, StringComparison.Ordinal);
        Assert.Contains(advice, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Here_it_is_loaded() => NativeLibraries.EnsureLoaded();
}
