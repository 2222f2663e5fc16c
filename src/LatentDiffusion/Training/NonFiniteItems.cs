using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Training;

/// <summary>
/// Finds the items for which a step is not finite and leaves them out for the rest of the run
/// (<see cref="TrainingOptions.LeaveOutNonFinite"/>). An item is to blame where a batch of it only is not finite, and the step
/// without it is: networks that diverged are not finite for any item.
/// </summary>
internal sealed class NonFiniteItems(
    ITrainingObjective objective, StepGradients gradients, LeftOutItems leftOut, TrainingOptions options,
    IProcessGroup? group, ILogger logger)
{
    // Items that stand in for others may have to be left out themselves.
    private const int Rounds = 8;

    /// <summary>Computes a step again without the items that are to blame.</summary>
    /// <returns>The loss and the gradients' norm; null where nothing is to be left out, or it does not help.</returns>
    public (double Loss, double Norm)? Without(long step, Dictionary<string, double> metrics)
    {
        if (!options.LeaveOutNonFinite || objective.ItemBatches is not { } items) return null;
        var found = new SortedSet<long>();
        var selection = new ItemSelection(item => leftOut.Contains(item) || found.Contains(item));
        for (int round = 0; round < Rounds; round++)
        {
            long[] blamed = [.. group.Exchange(() => MemoryMarshal.AsBytes<long>(Blamed(items, step, selection).ToArray()).ToArray())
                .SelectMany(numbers => MemoryMarshal.Cast<byte, long>(numbers).ToArray())];
            if (blamed.Length == 0) return null;
            found.UnionWith(blamed);
            (double loss, double norm) = gradients.Compute(step, selection, metrics);
            if (!double.IsFinite(loss) || !double.IsFinite(norm)) continue;
            foreach (long item in found)
            {
                leftOut.Add(item, items.NameOf(item), step);
                if (!group.IsFirst()) continue;
                logger.LogWarning(
                    "At step {Step} the loss or the gradients of {Item} are not finite: it is left out for the rest of the run.",
                    step, items.NameOf(item));
            }

            leftOut.Save();
            return (loss, norm);
        }

        return null;
    }

    private IEnumerable<long> Blamed(IItemBatches items, long step, ItemSelection selection) =>
        from batch in gradients.OwnBatches
        from item in items.Numbers(step * options.GradientAccumulation + batch, selection).Distinct()
        where !gradients.IsFinite(step, batch, item)
        select item;
}
