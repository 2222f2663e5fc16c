namespace LatentDiffusion.Training;

/// <summary>Batches that consist of numbered items, so that a run can leave out single ones.</summary>
internal interface IItemBatches
{
    /// <summary>Numbers of a batch's items.</summary>
    /// <param name="index">Number of the batch, as <see cref="TrainingStep.Index"/>.</param>
    /// <param name="selection">Replaces items that are left out; null if none is.</param>
    long[] Numbers(long index, ItemSelection? selection);

    /// <summary>Name of an item, for messages.</summary>
    string NameOf(long number);
}
