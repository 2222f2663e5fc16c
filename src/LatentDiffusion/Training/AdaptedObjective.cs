using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>The loss of another objective, trained through adapters next to the layers of its networks.</summary>
/// <param name="objective">The objective over the networks.</param>
/// <param name="modules">The adapters, by component.</param>
/// <param name="networks">The networks that have adapters.</param>
internal sealed class AdaptedObjective(
    ITrainingObjective objective, IReadOnlyDictionary<string, nn.Module> modules, IReadOnlyList<nn.Module> networks)
    : ITrainingObjective, IItemBatches, IFrozenNetworks
{
    public IReadOnlyDictionary<string, nn.Module> Modules => modules;

    public IReadOnlyList<nn.Module> Frozen => networks;

    public IReadOnlyDictionary<string, string> Identity => objective.Identity;

    public bool HasNumbers => objective is IItemBatches { HasNumbers: true };

    public IEnumerable<string> Warnings => objective is IItemBatches items ? items.Warnings : [];

    public Tensor Loss(TrainingStep step) => objective.Loss(step);

    public IReadOnlyList<string> Items(long index) => objective.Items(index);

    public void UseSeed(ulong seed) => (objective as IItemBatches)?.UseSeed(seed);

    public long[] Numbers(long index, ItemSelection? selection) => ((IItemBatches)objective).Numbers(index, selection);

    public string NameOf(long number) => ((IItemBatches)objective).NameOf(number);
}
