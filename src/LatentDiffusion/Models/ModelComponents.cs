using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// The components of a model by their published names: networks, tokenizers, and the scheduler's configuration. Read from a
/// folder (<see cref="DiffusersFolder"/>) or a single file (<see cref="SingleFileCheckpoint"/>), or put together in code. Owns
/// the networks.
/// </summary>
/// <param name="family">The family that the model belongs to.</param>
/// <param name="pipelineClass">Class of the published pipeline, for example <c>StableDiffusionXLPipeline</c>.</param>
/// <param name="scheduler">The scheduler's configuration, with its class.</param>
/// <example>
/// <code><![CDATA[
/// using LatentDiffusion.Checkpoints;
/// using LatentDiffusion.Models;
/// using LatentDiffusion.Networks;
///
/// using ModelComponents model = DiffusersFolder.Read("models/stable-diffusion-v1-5");
/// UNet2DConditionModel unet = model.Get<UNet2DConditionModel>(ComponentNames.UNet);
/// unet.GradientCheckpointing = true;
/// Console.WriteLine($"{model.PipelineClass}: {unet.parameters().Sum(p => p.numel())} weights in the U-Net");
/// ]]></code>
/// </example>
public sealed class ModelComponents(ModelFamily family, string pipelineClass, SchedulerConfig scheduler) : IDisposable
{
    private readonly OrderedDictionary<string, object> _components = new(StringComparer.Ordinal);

    /// <param name="family">The family.</param>
    /// <param name="pipelineClass">The pipeline's class.</param>
    /// <param name="scheduler">The scheduler's configuration.</param>
    /// <param name="components">Networks and tokenizers by name.</param>
    internal ModelComponents(
        ModelFamily family, string pipelineClass, SchedulerConfig scheduler, IEnumerable<KeyValuePair<string, object>> components)
        : this(family, pipelineClass, scheduler)
    {
        foreach ((string name, object component) in components) _components[name] = component;
    }

    /// <summary>The family that the model belongs to.</summary>
    public ModelFamily Family { get; } = family ?? throw new ArgumentNullException(nameof(family));

    /// <summary>Class of the published pipeline.</summary>
    public string PipelineClass { get; } = pipelineClass ?? throw new ArgumentNullException(nameof(pipelineClass));

    /// <summary>The scheduler's configuration, with its class.</summary>
    public SchedulerConfig Scheduler { get; } = scheduler ?? throw new ArgumentNullException(nameof(scheduler));

    /// <summary>A network or tokenizer; null where the model has none of that name.</summary>
    /// <param name="name">Its published name: see <see cref="ComponentNames"/>.</param>
    public object? this[string name]
    {
        get => _components.GetValueOrDefault(name);
        init
        {
            if (value is not null) _components[name] = value;
        }
    }

    /// <summary>Names of all components.</summary>
    public IReadOnlyList<string> Names => _components.Keys;

    /// <summary>Entries of <c>model_index.json</c> that are not components, for example <c>force_zeros_for_empty_prompt</c>.</summary>
    public JsonObject Settings { get; init => field = value.DeepClone().AsObject(); } = [];

    /// <summary>
    /// Whether the file that they were read from may lack components, which a pipeline then takes from its builder: true for
    /// single files. Default false.
    /// </summary>
    public bool IsPartial { get; init; }

    /// <summary>The networks with their names.</summary>
    internal IEnumerable<(string Name, nn.Module Network)> Networks =>
        from component in _components where component.Value is nn.Module select (component.Key, (nn.Module)component.Value);

    /// <summary>The device of the first network; the CPU without networks.</summary>
    internal Device Device => _components.Values.OfType<nn.Module>().FirstOrDefault() is { } network ? NetworkUse.DeviceOf(network) : CPU;

    /// <summary>The <c>model_index.json</c> that they were read from; null for none.</summary>
    internal JsonObject? Index { get; init; }

    /// <summary>The folder that they were read from, which has the components that are not read; null for none.</summary>
    internal string? Folder { get; init; }

    /// <summary>How the weights were stored, by component, so that they are written again the same way.</summary>
    internal IReadOnlyDictionary<string, WeightsLayout> Layouts { get; init; } = new Dictionary<string, WeightsLayout>();

    /// <summary>A component of a known type.</summary>
    /// <param name="name">Its published name.</param>
    /// <exception cref="InvalidDataException">No component has that name, or it is of another type; the message names both.</exception>
    public T Get<T>(string name) where T : class =>
        Find<T>(name) ?? throw new InvalidDataException($"The {PipelineClass} has no component '{name}'; expected a {typeof(T).Name}.");

    /// <summary>A component of a known type; null if the model does not contain it.</summary>
    /// <param name="name">Its published name.</param>
    /// <exception cref="InvalidDataException">It is of another type; the message names both.</exception>
    public T? Find<T>(string name) where T : class => this[name] switch
    {
        null => null,
        T component => component,
        var other => throw new InvalidDataException(
            $"The component '{name}' of the {PipelineClass} is a {other.GetType().Name}; expected a {typeof(T).Name}."),
    };

    /// <summary>An entry of <see cref="Settings"/>.</summary>
    /// <param name="name">Its published name.</param>
    /// <param name="whenAbsent">Its value where it is absent or null.</param>
    /// <exception cref="InvalidDataException">It is of another type.</exception>
    [return: NotNullIfNotNull(nameof(whenAbsent))]
    public T? Setting<T>(string name, T? whenAbsent) => Settings[name] switch
    {
        null => whenAbsent,
        JsonValue value when value.TryGetValue(out T? found) => found,
        var other => throw new InvalidDataException(
            $"{name} is {MessageText.Truncate(other.ToJsonString(), 100)}; expected a {typeof(T).Name}."),
    };

    /// <summary>The same components with one of them, and perhaps the scheduler, replaced. The networks have two owners then.</summary>
    /// <param name="name">Name of the component.</param>
    /// <param name="component">The replacement.</param>
    /// <param name="newScheduler">The new configuration of the scheduler; null to keep the present one.</param>
    public ModelComponents With(string name, object component, SchedulerConfig? newScheduler = null)
    {
        ArgumentNullException.ThrowIfNull(component);
        JsonObject? index = Index?.DeepClone().AsObject();
        if (index is not null && newScheduler is not null)
            index[DiffusersFolder.Scheduler] = new JsonArray("diffusers", newScheduler.ClassName);
        return new ModelComponents(Family, PipelineClass, newScheduler ?? Scheduler, _components)
        {
            [name] = component,
            Settings = Settings, IsPartial = IsPartial, Index = index, Folder = Folder,
            // The new one may have tensors that the file of the old one has not.
            Layouts = Layouts.Where(layout => layout.Key != name).ToDictionary(),
        };
    }

    /// <summary>The components of a list, in order.</summary>
    internal IReadOnlyList<T> List<T>(ComponentDescription description) where T : class
    {
        var found = new List<T>();
        while (Find<T>(description.NameAt(found.Count)) is { } component) found.Add(component);
        return found;
    }

    /// <summary>Disposes the networks.</summary>
    public void Dispose()
    {
        foreach ((_, nn.Module network) in Networks) network.Dispose();
    }
}
