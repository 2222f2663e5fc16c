using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>The loss of another objective, trained through adapters next to the layers of its networks.</summary>
/// <param name="objective">The objective over the networks.</param>
/// <param name="modules">The adapters, by component.</param>
/// <param name="networks">The networks that have adapters.</param>
internal sealed class AdaptedObjective(
    ITrainingObjective objective, IReadOnlyDictionary<string, nn.Module> modules, IReadOnlyList<nn.Module> networks)
    : ITrainingObjective
{
    public IReadOnlyDictionary<string, nn.Module> Modules => modules;

    public IReadOnlyList<nn.Module> FrozenNetworks => [.. networks, .. objective.FrozenNetworks];

    public IReadOnlyDictionary<string, string> Identity => objective.Identity;

    public IReadOnlyList<string> Warnings => objective.Warnings;

    public Tensor Loss(TrainingStep step) => objective.Loss(step);

    public IReadOnlyList<string> Items(long index) => objective.Items(index);

    public void UseSeed(ulong seed) => objective.UseSeed(seed);

    IItemBatches? ITrainingObjective.ItemBatches => objective.ItemBatches;
}
