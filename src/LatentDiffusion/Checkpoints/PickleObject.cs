namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Stands for an object of a class that is not known here. The class is neither looked up nor called, and the object's
/// state is dropped. Only items that the pickle sets as in a dictionary or list are kept: classes are derived from those.
/// </summary>
/// <param name="name">Module and name of what would have made it, as Python writes them.</param>
internal sealed class PickleObject(string name)
{
    /// <summary>Module and name of what would have made it, as Python writes them.</summary>
    public string Name { get; } = name;

    /// <summary>Items set as in a dictionary; null for none.</summary>
    public Dictionary<string, object?>? Items { get; set; }

    /// <summary>Items appended as to a list; null for none.</summary>
    public List<object?>? Elements { get; set; }
}
