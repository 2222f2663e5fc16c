namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Stands for an object of an unknown class. The class is neither looked up nor called, and the object's state is dropped.
/// Only items that the pickle sets as in a dictionary or list are kept, because such classes may derive from those.
/// </summary>
/// <param name="name">Module and name of the class or function that makes the object in Python.</param>
internal sealed class PickleObject(string name)
{
    /// <summary>Module and name of the class or function that makes the object in Python.</summary>
    public string Name { get; } = name;

    /// <summary>Items set as in a dictionary; null if none was set.</summary>
    public Dictionary<string, object?>? Items { get; set; }

    /// <summary>Items appended as to a list; null if none was appended.</summary>
    public List<object?>? Elements { get; set; }
}
