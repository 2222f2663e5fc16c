using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// Counts floating-point operations of a forward pass from the shapes during the pass: two for each multiply-add of
/// convolutions, linear layers and the two products of attention. Everything else is left out.
/// </summary>
internal sealed class OperationCount : IDisposable
{
    private static readonly string[] s_queries = ["to_q", "q_proj"], s_keys = ["to_k", "k_proj"];

    private readonly List<Action> _hooks = [];
    private readonly Dictionary<string, long[]> _projections = [];
    private readonly Dictionary<string, (int Layers, double Operations)> _kinds = [];

    /// <summary>Watches networks until disposed.</summary>
    public OperationCount(IEnumerable<nn.Module> networks)
    {
        foreach ((nn.Module network, int i) in networks.Select((n, i) => (n, i)))
            foreach ((string name, nn.Module module) in network.named_modules()) Watch($"{i}.{name}", module);
    }

    /// <summary>Operations counted so far.</summary>
    public double Total => Kinds.Sum(k => k.Operations);

    /// <summary>Operations by kind and shape of the layer, in descending order.</summary>
    public IReadOnlyList<(string Kind, int Layers, double Operations)> Kinds =>
        [.. _kinds.Select(k => (k.Key, k.Value.Layers, k.Value.Operations)).Concat(Attention()).OrderByDescending(k => k.Item3)];

    /// <summary>Stops watching.</summary>
    public void Dispose()
    {
        foreach (Action remove in _hooks) remove();
    }

    private void Watch(string name, nn.Module module)
    {
        if (module is Conv2dLayer convolution)
        {
            long[] weight = WeightShape(module);
            _hooks.Add(convolution.register_forward_hook((_, input, output) =>
            {
                string size = $"{input.shape[2]}x{input.shape[3]} to {output.shape[2]}x{output.shape[3]}";
                Add(
                    $"convolution {weight[2]}x{weight[3]}, {weight[1]} to {weight[0]}, {size}",
                    2.0 * output.NumberOfElements * weight[1] * weight[2] * weight[3]);
                return output;
            }).remove);
        }
        else if (module is LinearLayer linear)
        {
            long[] weight = WeightShape(module);
            _hooks.Add(linear.register_forward_hook((_, _, output) =>
            {
                Add(
                    $"linear, {weight[1]} to {weight[0]}, {output.NumberOfElements / weight[0]} rows",
                    2.0 * output.NumberOfElements * weight[1]);
                _projections[name] = output.shape;
                return output;
            }).remove);
        }
    }

    private static long[] WeightShape(nn.Module layer) =>
        layer.named_parameters(recurse: false).First(p => p.name == "weight").parameter.shape;

    private void Add(string kind, double operations)
    {
        (int layers, double before) = _kinds.GetValueOrDefault(kind);
        _kinds[kind] = (layers + 1, before + operations);
    }

    /// <summary>QKᵀ and the weighted sum of V: both take two operations for each of Q's values and each token of K.</summary>
    private IEnumerable<(string, int, double)> Attention() =>
        from query in _projections
        from i in Enumerable.Range(0, s_queries.Length)
        where query.Key.EndsWith($".{s_queries[i]}", StringComparison.Ordinal)
        let key = _projections[$"{query.Key[..^s_queries[i].Length]}{s_keys[i]}"]
        let operations = 4.0 * query.Value.Aggregate((a, b) => a * b) * key[1]
        group operations by $"attention, {query.Value[1]} to {key[1]} positions, {query.Value[2]} wide" into kind
        select (kind.Key, kind.Count(), kind.Sum());
}
