using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>Extracts a LoRA file from the difference between two models.</summary>
public static class LoraExtraction
{
    /// <summary>
    /// Writes what was trained between two models as a LoRA file: for each linear layer and convolution that differs, the best
    /// approximation of its difference of a rank, by singular value decomposition (Eckart and Young 1936), with both factors scaled by
    /// the roots of the singular values. Added to the original at scale 1, it gives the tuned model within that approximation.
    /// </summary>
    /// <param name="original">The model before training.</param>
    /// <param name="tuned">The model after it, of the same family and shapes.</param>
    /// <param name="path">Path of the safetensors file; its folder exists.</param>
    /// <param name="rank">Inner dimension of the factors, at least 1; smaller for layers of fewer inputs or outputs.</param>
    /// <param name="layout">Names of the tensors. Default <see cref="LoraLayout.Peft"/>.</param>
    /// <param name="type">Type of the values. Default float32.</param>
    /// <param name="cancellationToken">Checked before each layer.</param>
    /// <returns>
    /// The layers that are in the file, and the parameters that differ and cannot be in it: biases, and weights of normalisation and
    /// embeddings.
    /// </returns>
    /// <exception cref="ArgumentException">The models are of different families or shapes, or do not differ in any layer.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rank is below 1.</exception>
    /// <exception cref="NotSupportedException">
    /// A model's weights are kept as stored, its family has no LoRA, or kohya's layout has no name for a component that differs.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the file is not written.</exception>
    public static (IReadOnlyList<string> Layers, IReadOnlyList<string> Omitted) Extract(
        ModelComponents original, ModelComponents tuned, string path, int rank, LoraLayout layout = LoraLayout.Peft,
        ScalarType type = ScalarType.Float32, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(original);
        ArgumentNullException.ThrowIfNull(tuned);
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        ModelFamily family = original.Family;
        if (tuned.Family != family)
            throw new ArgumentException($"The tuned model is of {tuned.Family.Name}; expected {family.Name}.", nameof(tuned));
        if (family.LoraComponents.Count == 0) throw new NotSupportedException($"{family.Name} models have no LoRA.");
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Dictionary<string, nn.Module> before = original.Networks.ToDictionary(n => n.Name, n => n.Network);
        var names = new LoraNames(layout, before.ContainsKey(ComponentNames.TextEncoder2));
        var tensors = new List<(string, Tensor)>();
        List<string> layers = [], omitted = [];
        foreach ((string name, nn.Module network) in tuned.Networks)
        {
            if (family.LoraComponents.FirstOrDefault(known => known.Name == name) is not { } component) continue;
            if (!before.TryGetValue(name, out nn.Module? other))
                throw new ArgumentException($"The original model has no {name}.", nameof(original));
            using NetworkUse use = NetworkUse.ToRead(network), otherUse = NetworkUse.ToRead(other);
            if (StoredLayers.Any(network) || StoredLayers.Any(other))
                throw new NotSupportedException($"The weights of the {name} are kept as stored: load both models in a number format.");
            Dictionary<string, Tensor> old = other.state_dict();
            HashSet<string> adaptable = [.. network.named_modules().Where(m => LoraAdapter.Fits(m.module)).Select(m => $"{m.name}.weight")];
            foreach ((string parameter, Tensor weight) in network.state_dict())
            {
                cancellationToken.ThrowIfCancellationRequested();
                using DisposeScope layer = NewDisposeScope();
                Tensor difference = Difference($"{name}.{parameter}", weight, old.GetValueOrDefault(parameter));
                if (difference.abs().max().item<double>() == 0) continue;
                if (!adaptable.Contains(parameter))
                {
                    omitted.Add($"{name}.{parameter}");
                    continue;
                }

                string module = parameter[..^".weight".Length];
                (Tensor down, Tensor up) = Factors(difference, rank);
                Tensor alpha = tensor((float)down.shape[0]);
                foreach ((string written, Tensor values) in names.Tensors(component, module, down, up, alpha))
                    tensors.Add((written, values.MoveToOuterDisposeScope()));
                layers.Add($"{name}.{module}");
            }
        }

        if (layers.Count == 0) throw new ArgumentException("The models do not differ in any linear layer or convolution.", nameof(tuned));
        ModelSpec specification = KnownArchitectures.Describe(tuned.Networks.Select(n => n.Network), KnownArchitectures.Lora);
        SafetensorsWriter.Write(path, tensors, specification.For(path, new Dictionary<string, string> { ["format"] = "pt" }), type);
        return (layers, omitted);
    }

    private static Tensor Difference(string name, Tensor tuned, Tensor? original)
    {
        if (original is null || !original.shape.SequenceEqual(tuned.shape))
        {
            throw new ArgumentException(
                $"'{name}' is of shape [{string.Join(", ", tuned.shape)}] in the tuned model; expected "
                    + $"[{string.Join(", ", original?.shape ?? [])}], that of the original.", nameof(tuned));
        }

        // In double precision, as small differences of large weights lose their digits.
        return tuned.to(ScalarType.Float64).cpu().sub(original.to(ScalarType.Float64).cpu());
    }

    private static (Tensor Down, Tensor Up) Factors(Tensor difference, int rank)
    {
        long[] shape = difference.shape;
        (Tensor left, Tensor values, Tensor right) = linalg.svd(difference.flatten(1), fullMatrices: false);
        long kept = Math.Min(rank, values.shape[0]);
        Tensor roots = values.narrow(0, 0, kept).sqrt();
        Tensor up = left.narrow(1, 0, kept).mul(roots), down = right.narrow(0, 0, kept).mul(roots.unsqueeze(1));
        bool isKernel = shape.Length > 2;
        return (
            down.reshape([kept, .. shape[1..]]).to(ScalarType.Float32).contiguous(),
            (isKernel ? up.reshape([shape[0], kept, .. shape[2..].Select(_ => 1L)]) : up).to(ScalarType.Float32).contiguous());
    }
}
