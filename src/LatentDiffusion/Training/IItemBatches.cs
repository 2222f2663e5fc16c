namespace LatentDiffusion.Training;

/// <summary>An objective whose batches consist of numbered items, so that a run can leave out single ones.</summary>
internal interface IItemBatches
{
    /// <summary>Whether its items have numbers; false for one that wraps an objective without.</summary>
    bool HasNumbers => true;

    /// <summary>What is worth a warning before the run, with numbers.</summary>
    IEnumerable<string> Warnings => [];

    /// <summary>Brings the items into the order of a run's seed; until then the order is that of seed 0.</summary>
    void UseSeed(ulong seed);

    /// <summary>Numbers of a batch's items.</summary>
    /// <param name="index">Number of the batch, as <see cref="TrainingStep.Index"/>.</param>
    /// <param name="selection">What stands in for items that are left out; null where none is.</param>
    long[] Numbers(long index, ItemSelection? selection);

    /// <summary>Name of an item, for messages.</summary>
    string NameOf(long number);
}
