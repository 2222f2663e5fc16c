using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace LatentDiffusion.Benchmarks;

/// <summary>ONNX Runtime on the CPU with all graph optimizations and default settings.</summary>
internal sealed class OnnxEngine : IPeerEngine
{
    private readonly SessionOptions _options = new() { GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL };
    private readonly RunOptions _run = new();
    private readonly InferenceSession _session;
    private readonly string[] _names;
    private readonly OrtValue[] _inputs;

    /// <param name="graph">The graph.</param>
    /// <param name="folder">Folder with a copy of the graph and its parameters.</param>
    /// <param name="threads">Threads that one operator may use; null for the engine's default, the number of cores.</param>
    public OnnxEngine(PeerGraph graph, string folder, int? threads)
    {
        if (threads is { } count) _options.IntraOpNumThreads = count;
        _session = new InferenceSession(Path.Combine(folder, $"{graph.Name}.onnx"), _options);
        _names = [.. graph.Inputs.Keys];
        _inputs = [.. _names.Select(name => Input(graph, name))];
    }

    /// <inheritdoc />
    public float[] Evaluate()
    {
        using IDisposableReadOnlyCollection<OrtValue> outputs = _session.Run(_run, _names, _inputs, _session.OutputNames);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (OrtValue input in _inputs) input.Dispose();
        _session.Dispose();
        _run.Dispose();
        _options.Dispose();
    }

    private OrtValue Input(PeerGraph graph, string name)
    {
        float[] values = PeerWeights.Input(graph, name);
        return _session.InputMetadata[name].ElementDataType == TensorElementType.Int64
            ? OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, value => (long)value), graph.Inputs[name])
            : OrtValue.CreateTensorValueFromMemory(values, graph.Inputs[name]);
    }
}
