using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>The library's network.</summary>
internal sealed class LibraryEngine : IPeerEngine
{
    private readonly PeerNetwork _network;
    private readonly Dictionary<string, Tensor> _inputs;

    /// <param name="graph">The graph, whose configuration the network is built from.</param>
    /// <param name="folder">Folder with the parameters.</param>
    public LibraryEngine(PeerGraph graph, string folder)
    {
        _inputs = graph.Inputs.ToDictionary(i => i.Key, i => tensor(PeerWeights.Input(graph, i.Key), i.Value));
        _network = PeerNetwork.Build(graph);
        PeerWeights.Load(graph, Path.Combine(folder, graph.WeightsName), _network.Module);
        _network.Module.eval();
    }

    /// <inheritdoc />
    public float[] Evaluate()
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return _network.Evaluate(_inputs).contiguous().data<float>().ToArray();
    }

    /// <summary>
    /// Floating-point operations of one evaluation: convolutions, linear layers and attention, two for each multiply-add.
    /// The layers count as they are called, in the form in which networks train.
    /// </summary>
    public double CountOperations()
    {
        _network.Module.train();
        using var count = new OperationCount([_network.Module]);
        Evaluate();
        _network.Module.eval();
        return count.Total;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (Tensor input in _inputs.Values) input.Dispose();
        _network.Module.Dispose();
    }
}
