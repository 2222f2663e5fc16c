using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;

namespace LatentDiffusion;

/// <summary>Where a component of a pipeline comes from, in order: the builder, the container, the model, the library's default.</summary>
internal static class ComponentSource
{
    /// <summary>A component that the builder was given.</summary>
    public static Func<DiffusionModel?, T> From<T>(T component, [CallerArgumentExpression(nameof(component))] string? name = null)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(component, name);
        return _ => component;
    }

    /// <summary>A component that is made from the model.</summary>
    public static Func<DiffusionModel?, T> From<T>(
        Func<DiffusionModel, T> make, [CallerArgumentExpression(nameof(make))] string? name = null) where T : class
    {
        ArgumentNullException.ThrowIfNull(make, name);
        return model => make(model ?? throw Missing("a model, whose part is wrapped"))
            ?? throw new InvalidOperationException($"The function that makes the {typeof(T).Name} returned null.");
    }

    /// <summary>The component to use.</summary>
    /// <param name="given">The builder's; null for none.</param>
    /// <param name="services">The container.</param>
    /// <param name="model">The model; null for none.</param>
    /// <param name="fallback">The model's component or the library's default; null for none.</param>
    /// <param name="what">Names it in the message.</param>
    /// <exception cref="InvalidOperationException">The component is missing.</exception>
    public static T Resolve<T>(Func<DiffusionModel?, T>? given, IServiceProvider services, DiffusionModel? model, T? fallback, string what)
        where T : class => given?.Invoke(model) ?? services.GetService<T>() ?? fallback ?? throw Missing(what);

    public static InvalidOperationException Missing(string what) => new(
        $"The pipeline needs {what}, and no model brings it: call UseModelFolder, UseModelFile, UseModelFiles or the Use method of "
        + "that part, or register it.");
}
