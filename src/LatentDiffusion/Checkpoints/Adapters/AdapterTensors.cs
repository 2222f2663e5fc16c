using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>The tensors that an adapter file has for one module, by their roles (<see cref="AdapterRoles"/>).</summary>
/// <param name="source">The file.</param>
/// <param name="names">Names of the tensors in the file, by role.</param>
internal sealed class AdapterTensors(ITensorSource source, IReadOnlyDictionary<string, string> names)
{
    /// <summary>The strength α that the file's metadata gives; null for none.</summary>
    public double? DefaultAlpha { get; init; }

    /// <summary>Whether α is divided by the root of the rank (Kalajdzievski 2023). Default false.</summary>
    public bool IsRankStabilized { get; init; }

    /// <summary>The roles that the file has.</summary>
    public IEnumerable<string> Roles => names.Keys;

    /// <summary>Whether the file has a tensor of this role.</summary>
    public bool Has(string role) => names.ContainsKey(role);

    /// <summary>Name of a tensor in the file.</summary>
    /// <exception cref="KeyNotFoundException">The file does not have it.</exception>
    public string Name(string role) => names[role];

    /// <summary>Shape of a tensor.</summary>
    /// <exception cref="KeyNotFoundException">The file does not have it.</exception>
    public IReadOnlyList<long> Shape(string role) => source.Find(names[role])!.Shape;

    /// <summary>Reads a tensor in float32 on the CPU.</summary>
    /// <exception cref="KeyNotFoundException">The file does not have it.</exception>
    public Tensor Read(string role) => source.Read(names[role]).to(ScalarType.Float32);

    /// <summary>Reads one number; null where the file does not have it.</summary>
    /// <exception cref="FormatException">It is several, or not finite.</exception>
    public double? Number(string role)
    {
        if (!names.TryGetValue(role, out string? name)) return null;
        if (source.Find(name)!.Shape.Any(d => d != 1)) throw new FormatException($"'{name}' is not one number.");
        using Tensor tensor = source.Read(name), number = tensor.to(ScalarType.Float64);
        double value = number.item<double>();
        return double.IsFinite(value) ? value : throw new FormatException($"'{name}' is not a finite number.");
    }

    /// <summary>The strength α of an adapter; its rank where neither the file nor its metadata sets one.</summary>
    public double Alpha(long rank) => Number(AdapterRoles.Alpha) ?? DefaultAlpha ?? rank;

    /// <summary>
    /// The factor of an adapter's product: α/rank, or α/√rank, or <c>scale</c> in place of both (the web UI); times <c>scalar</c>, a factor
    /// that LyCORIS can train.
    /// </summary>
    public double Scale(long rank) =>
        (Number(AdapterRoles.Scale) ?? (Alpha(rank) / (IsRankStabilized ? Math.Sqrt(rank) : rank))) * Scalar;

    /// <summary>The factor of an adapter that has no rank: <c>scale</c>, or 1; times <c>scalar</c>.</summary>
    public double ScaleWithoutRank => (Number(AdapterRoles.Scale) ?? 1) * Scalar;

    /// <summary>An exception for values that an adapter cannot be made of.</summary>
    public CheckpointException Damaged(string role, string problem, Exception cause) =>
        new(source.Path, $"'{MessageText.Truncate(names[role], 200)}' {problem}.", cause);

    private double Scalar => Number(AdapterRoles.Scalar) ?? 1;
}
