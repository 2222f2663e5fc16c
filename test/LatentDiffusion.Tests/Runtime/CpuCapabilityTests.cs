using System.Runtime.InteropServices;
using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;

namespace LatentDiffusion.Tests.Runtime;

public sealed class CpuCapabilityTests(TinyModel model) : IClassFixture<TinyModel>
{
    [Theory]
    [InlineData("AVX512", null, null, "AVX512")]
    [InlineData("AVX512", "avx2", null, "AVX2")]
    [InlineData("AVX512", "default", "sse41", "DEFAULT, ONEDNN_MAX_CPU_ISA=SSE41")]
    [InlineData("AVX2", "AVX512", "AVX2", "AVX2, ONEDNN_MAX_CPU_ISA=AVX2")]
    [InlineData("AVX2", null, "a value that oneDNN does not know", "AVX2")]
    [InlineData("ARM64", "avx2", null, "ARM64")]
    public void The_environment_overrides_the_cpu(string supported, string? aten, string? oneDnn, string expected)
    {
        Assert.Equal(expected, CpuCapability.Describe(supported, Variable));

        string? Variable(string name) => name switch
        {
            "ATEN_CPU_CAPABILITY" => aten,
            "ONEDNN_MAX_CPU_ISA" => oneDnn,
            _ => null,
        };
    }

    /// <summary>libtorch returns a C++ string through a pointer: the address of its characters, then their number.</summary>
    [Fact]
    public void It_is_the_one_that_libtorch_chose()
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64,
            "The symbol is that of GCC on x86-64.");
        torch.InitializeDeviceType(DeviceType.CPU);
        string library = File.ReadLines("/proc/self/maps").First(line => line.EndsWith("/libtorch_cpu.so", StringComparison.Ordinal));
        nint handle = NativeLibrary.Load(library[library.IndexOf('/')..]);
        nint symbol = NativeLibrary.GetExport(handle, "_ZN2at18get_cpu_capabilityB5cxx11Ev");
        var function = Marshal.GetDelegateForFunctionPointer<GetCapability>(symbol);
        nint text = Marshal.AllocHGlobal(4 * nint.Size);
        function(text);
        string? chosen = Marshal.PtrToStringUTF8(Marshal.ReadIntPtr(text), (int)Marshal.ReadIntPtr(text, nint.Size));
        Marshal.FreeHGlobal(text);
        Assert.Equal(chosen, CpuCapability.Current.Split(',')[0]);
    }

    private delegate nint GetCapability(nint text);

    [Fact]
    public void Images_carry_it_and_the_number_of_threads()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        var request = new GenerationRequest { Prompt = "a star", Seed = 1, Steps = 1 };
        IReadOnlyDictionary<string, string> texts = PngText.Read(pipeline.Generate(request).Images[0].ToPng(timings: false));
        Assert.Equal(CpuCapability.Current, texts["cpu_capability"]);
        Assert.Equal($"{torch.get_num_threads()}", texts["threads"]);
    }
}
