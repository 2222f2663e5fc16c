using System.Globalization;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Several objectives over the same networks as one, a batch of one and then of another: images of several sizes, say,
/// with an objective for each of the aspect-ratio buckets. An epoch has the given number of batches of each, in an
/// order that follows from the epoch's number.
/// </summary>
public sealed class InterleavedObjective : ITrainingObjective, IItemBatches
{
    private readonly (ITrainingObjective Objective, long Batches)[] _parts;
    private readonly long _batches;

    // Which part each batch of an epoch is of, and how many of that part came before.
    private (int Part, long Rank)[] _order = [];
    private long _epoch = -1;
    private ulong _seed;

    /// <summary>Joins objectives.</summary>
    /// <param name="parts">Objectives with the number of batches that each has in an epoch, at least 1; the caller's.</param>
    /// <exception cref="ArgumentException">The list is empty, its networks differ, or an objective has target networks.</exception>
    public InterleavedObjective(params IReadOnlyList<(ITrainingObjective Objective, long Batches)> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Count == 0) throw new ArgumentException("At least one objective is needed.", nameof(parts));
        Modules = parts[0].Objective.Modules;
        foreach ((ITrainingObjective objective, long batches) in parts)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(batches, 1, nameof(parts));
            if (objective.Modules.Count != Modules.Count || objective.Modules.Any(m => Modules.GetValueOrDefault(m.Key) != m.Value))
                throw new ArgumentException("The objectives train different networks; expected the same of each.", nameof(parts));
            if (objective.Targets.Count > 0)
                throw new ArgumentException(
                    "An objective has target networks, which joined objectives do not update; expected none, "
                        + "which is a target decay of 0.",
                    nameof(parts));
        }

        _parts = [.. parts];
        var identity = new Dictionary<string, string>();
        foreach ((int i, (ITrainingObjective objective, long batches)) in _parts.Index())
        {
            identity.Add($"part_{i}.batches", batches.ToString(CultureInfo.InvariantCulture));
            foreach ((string name, string value) in objective.Identity) identity.Add($"part_{i}.{name}", value);
        }

        Identity = identity;
        _batches = parts.Sum(p => p.Batches);
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules { get; }

    /// <inheritdoc />
    public Tensor Loss(TrainingStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        (int part, long index) = At(step.Index);
        return _parts[part].Objective.Loss(step with { Index = index, Selection = step.Selection?.Part(part, _parts.Length) });
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, string> Identity { get; }

    /// <inheritdoc />
    public IReadOnlyList<string> Items(long index)
    {
        (int part, long own) = At(index);
        return _parts[part].Objective.Items(own);
    }

    IReadOnlyList<nn.Module> ITrainingObjective.FrozenNetworks => [.. _parts.SelectMany(p => p.Objective.FrozenNetworks)];

    IReadOnlyList<string> ITrainingObjective.Warnings =>
        [.. _parts.Index().SelectMany(p => p.Item.Objective.Warnings.Select(warning => $"Part {p.Index}: {warning}"))];

    IItemBatches? ITrainingObjective.ItemBatches => _parts.All(p => p.Objective.ItemBatches is not null) ? this : null;

    void ITrainingObjective.UseSeed(ulong seed)
    {
        (_seed, _epoch) = (seed, -1);
        foreach ((ITrainingObjective objective, _) in _parts) objective.UseSeed(seed);
    }

    // The parts' items are numbered in turn: item i of part p is i·parts + p.
    long[] IItemBatches.Numbers(long index, ItemSelection? selection)
    {
        (int part, long own) = At(index);
        return Array.ConvertAll(Part(part).Numbers(own, selection?.Part(part, _parts.Length)), item => item * _parts.Length + part);
    }

    string IItemBatches.NameOf(long number) => Part((int)(number % _parts.Length)).NameOf(number / _parts.Length);

    private IItemBatches Part(int part) => _parts[part].Objective.ItemBatches!;

    private (int Part, long Index) At(long index)
    {
        long epoch = index / _batches;
        if (epoch != _epoch) (_order, _epoch) = (Order(epoch), epoch);
        (int part, long rank) = _order[index % _batches];
        return (part, epoch * _parts[part].Batches + rank);
    }

    private (int, long)[] Order(long epoch)
    {
        int[] parts = [.. _parts.Index().SelectMany(p => Enumerable.Repeat(p.Index, checked((int)p.Item.Batches)))];
        ulong seed = SeedSequence.ForStep(_seed, epoch);
        for (int i = parts.Length - 1; i > 0; i--)
        {
            int j = (int)(SeedSequence.ForStep(seed, i) % (ulong)(i + 1));
            (parts[i], parts[j]) = (parts[j], parts[i]);
        }

        var ranks = new long[_parts.Length];
        return [.. parts.Select(part => (part, ranks[part]++))];
    }
}
