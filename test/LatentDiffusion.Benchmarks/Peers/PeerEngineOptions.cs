using System.Text.Json;
using TorchSharp;

namespace LatentDiffusion.Benchmarks;

/// <summary>An engine for a process that computes with nothing else.</summary>
/// <param name="Folder">Folder of the graphs.</param>
/// <param name="Work">Folder with a copy of the graph and its parameters.</param>
/// <param name="Graph">Name of the graph.</param>
/// <param name="IsOnnx">Whether it is ONNX Runtime.</param>
/// <param name="Threads">Threads that one operator may use; null for the engine's default.</param>
/// <param name="IsConfigured">Whether the library has the settings that the samples use. ONNX Runtime has its defaults.</param>
/// <param name="IsPlain">Whether the library computes in the form in which networks train.</param>
internal sealed record PeerEngineOptions(
    string Folder, string Work, string Graph, bool IsOnnx, int? Threads, bool IsConfigured, bool IsPlain)
{
    /// <summary>As an argument of a command.</summary>
    public string ToArgument() => JsonSerializer.Serialize(this);

    /// <summary>Reads <see cref="ToArgument"/>.</summary>
    public static PeerEngineOptions Parse(string argument) => JsonSerializer.Deserialize<PeerEngineOptions>(argument)!;

    /// <summary>Configures this process and loads the engine with its network.</summary>
    public IPeerEngine Open()
    {
        PeerGraph graph = PeerGraph.Read(Folder, Graph);
        // Bound threads would bind those of ONNX Runtime as well: they inherit the cores of the thread that starts them.
        if (IsOnnx) return new OnnxEngine(graph, Work, Threads);
        if (IsConfigured) CpuRuntime.Configure(new CpuRuntimeOptions { Threads = Threads });
        else if (Threads is { } count) torch.set_num_threads(count);
        InferenceForm.IsEnabled = !IsPlain;
        return new LibraryEngine(graph, Work);
    }
}
