namespace LatentDiffusion;

/// <summary>Options of features that a builder collected. Each feature knows the types of its options.</summary>
internal sealed class FeatureChoices
{
    private readonly List<object> _choices = [];

    /// <summary>Adds a choice to those of its type.</summary>
    public void Add<T>(T choice) where T : class => _choices.Add(choice);

    /// <summary>Replaces the choices of a type by one.</summary>
    public void Set<T>(T choice) where T : class
    {
        ArgumentNullException.ThrowIfNull(choice);
        _choices.RemoveAll(c => c is T);
        _choices.Add(choice);
    }

    /// <summary>The choice of a type; null for none.</summary>
    public T? Get<T>() where T : class => All<T>().SingleOrDefault();

    /// <summary>The choices of a type, in their order.</summary>
    public IReadOnlyList<T> All<T>() where T : class => [.. _choices.OfType<T>()];
}
