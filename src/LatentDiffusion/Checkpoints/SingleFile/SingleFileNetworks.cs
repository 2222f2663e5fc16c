using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// The networks that are read from a single file. Disposing it disposes those that <see cref="Release"/> did not hand over.
/// </summary>
/// <param name="file">The file, which the caller closes.</param>
/// <param name="options">How it is loaded.</param>
/// <param name="sections">Its tensors by network.</param>
internal sealed class SingleFileNetworks(ITensorSource file, CheckpointOptions options, SingleFileSections sections) : IDisposable
{
    private readonly List<nn.Module> _networks = [];

    /// <summary>Builds a network and reads its weights.</summary>
    /// <param name="tensors">Its tensors by its names.</param>
    /// <param name="build">Builds it from them, with layers that they fit into.</param>
    /// <param name="absent">Names of parameters that the file lacks, which the caller fills; null for none.</param>
    /// <exception cref="CheckpointException">
    /// The tensors do not fit the network, or the configuration that follows from them contradicts itself.
    /// </exception>
    public T Load<T>(IEnumerable<MappedTensor> tensors, Func<ITensorSource, LayerFactory, T> build, IReadOnlyList<string>? absent = null)
        where T : nn.Module
    {
        MappedTensor[] all = [.. tensors];
        using var source = new MappedTensors(file, all);
        T network;
        try
        {
            network = build(source, LayerFactory.For(source, options));
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException(
                source.Path, $"its tensors do not form a valid configuration: {e.Message}", e);
        }

        _networks.Add(network);
        using NetworkUse weights = NetworkUse.ToChange(network);
        Dictionary<string, Tensor> parameters = Parameters(network);
        foreach (string name in absent ?? []) parameters.Remove(name);
        using var known = new MappedTensors(file, sections.Known(all, parameters.Keys));
        try
        {
            StateDict.Load(network, parameters, known);
        }
        catch (CheckpointException e) when (e.Unexpected.Count > 0)
        {
            // By the names of the file, which are those that IgnoredTensors takes.
            ILookup<string, string> stored = all.ToLookup(tensor => tensor.Name, tensor => tensor.Stored.Name);
            throw new CheckpointException(e.File, e.Missing, [.. e.Unexpected.SelectMany(name => stored[name]).Distinct()], e.Misshaped);
        }

        network.eval();
        return network;
    }

    /// <summary>Hands all networks over to the caller.</summary>
    public void Release() => _networks.Clear();

    /// <summary>Disposes the components that were built before a failure.</summary>
    public void Dispose()
    {
        foreach (nn.Module network in _networks) network.Dispose();
    }

    /// <summary>What is read: not the numbers of batches, which original files may lack.</summary>
    private static Dictionary<string, Tensor> Parameters(nn.Module network)
    {
        const string Counter = "." + RunningStatistics.Count;
        return network.state_dict().Where(p => !p.Key.EndsWith(Counter, StringComparison.Ordinal)).ToDictionary();
    }
}
