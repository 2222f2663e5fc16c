using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Low-rank adaptation (Hu et al. 2021): adapters next to layers of networks whose own weights are frozen. Until it is
/// disposed, the networks run with the adapters, and their parameters need no gradients.
/// </summary>
/// <example>
/// <code>
/// using LatentDiffusion.Checkpoints;
/// using LatentDiffusion.Data;
/// using LatentDiffusion.Models;
/// using LatentDiffusion.Training;
///
/// var images = new PreparedImages(CaptionedImages.Open("photos"), new PreparedImagesOptions { Width = 512, Height = 512 });
/// using ModelComponents model = DiffusersFolder.Read("models/stable-diffusion-v1-5");
/// using LatentCache latents = LatentCache.Open("latents.safetensors", images.ComputeCacheKey(), model, images, images.Count!.Value);
///
/// using var objective = new DenoiserObjective(model, latents, new DenoiserTrainingOptions());
/// using var lora = new LoraTraining(objective.Modules, new LoraTrainingOptions { Rank = 8 });
/// new Trainer(new TrainingOptions { Steps = 1000 }).Run(lora.Objective(objective), "run");
/// lora.Save("lora.safetensors");
/// </code>
/// </example>
public sealed class LoraTraining : IDisposable
{
    private const string MetadataKey = "lora_adapter_metadata";

    private readonly LoraTrainingOptions _options;
    private readonly ModelFamily _family;
    private readonly nn.Module[] _networks;
    private readonly List<Adapted> _adapted = [];
    private readonly List<Action> _hooks = [];
    private readonly FrozenNetworks _frozen;

    /// <summary>Adds adapters to networks and freezes them.</summary>
    /// <param name="networks">The networks by component (<see cref="ComponentNames"/>), which LoRA files of the family patch.</param>
    /// <param name="options">Rank, strength and layers; null for the defaults.</param>
    /// <param name="family">The family of the networks; null for <see cref="ModelFamilies.StableDiffusion"/>.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    /// <exception cref="ArgumentException">A component is not known, or one of its patterns names no layer that can be adapted.</exception>
    /// <exception cref="NotSupportedException">
    /// A network keeps its weights as its file stores them (<see cref="WeightStorage.AsStored"/>), through which no gradient passes.
    /// </exception>
    public LoraTraining(IReadOnlyDictionary<string, nn.Module> networks, LoraTrainingOptions? options = null, ModelFamily? family = null)
    {
        ArgumentNullException.ThrowIfNull(networks);
        _options = ValidOptions.Check(options ?? new LoraTrainingOptions());
        _family = family ?? ModelFamilies.StableDiffusion;
        Scale = (_options.Alpha ?? _options.Rank) / _options.Rank;
        using var generator = new Generator(_options.Seed);
        var modules = new Dictionary<string, nn.Module>();
        foreach ((string component, nn.Module network) in networks.OrderBy(n => n.Key, StringComparer.Ordinal))
        {
            if (StoredLayers.Any(network)) throw StoredMatrix.CannotBeTrained(component);
            LoraComponent naming = _family.Lora(component);
            Adapted[] adapted = Adapt(naming, network, generator);
            _adapted.AddRange(adapted);
            modules.Add(component, new LoraAdapters(adapted.Select(a => (a.Layer, a.Adapter))));
        }

        _networks = [.. networks.Values];
        Modules = modules;
        _frozen = new FrozenNetworks(_networks);
        foreach (Adapted adapted in _adapted) _hooks.Add(Hook(adapted));
    }

    /// <summary>The trained adapters, by component.</summary>
    public IReadOnlyDictionary<string, nn.Module> Modules { get; }

    /// <summary>The layers that have an adapter, by component and published name: <c>unet.mid_block.attentions.0…to_q</c>.</summary>
    public IReadOnlyList<string> Layers => [.. _adapted.Select(a => $"{a.Component}.{a.Layer}")];

    /// <summary>α/rank, the scale of the adapters' output.</summary>
    public double Scale { get; }

    /// <summary>The same loss, trained through the adapters only.</summary>
    /// <param name="objective">An objective over the adapted networks; the caller's.</param>
    /// <exception cref="ArgumentException">It trains a network that has no adapters, or has target networks.</exception>
    public ITrainingObjective Objective(ITrainingObjective objective)
    {
        ArgumentNullException.ThrowIfNull(objective);
        if (objective.Targets.Count > 0)
            throw new ArgumentException(
                "The objective has target networks, which average weights that adapters leave as they are; "
                    + $"give it a {nameof(ITrainingObjective.TargetDecay)} of 0.",
                nameof(objective));
        foreach ((string component, nn.Module network) in objective.Modules)
        {
            if (!_networks.Contains(network))
                throw new ArgumentException(
                    $"The objective trains the {component}, which has no adapters: adapt it too, or leave it frozen.", nameof(objective));
        }

        return new AdaptedObjective(objective, Modules, _networks);
    }

    /// <summary>
    /// Writes the adapters as a LoRA file: in the layout of peft, which <see cref="LoraFile"/> and diffusers read, for each layer
    /// <c>….lora_A.weight</c> and <c>….lora_B.weight</c>, and rank and strength in the metadata; or in that of kohya.
    /// </summary>
    /// <param name="path">Path of the safetensors file; its folder exists.</param>
    /// <param name="floatingPoint">Type to convert the values to while writing; null for their own.</param>
    /// <param name="layout">Names of the tensors. Default <see cref="LoraLayout.Peft"/>.</param>
    /// <param name="specification">
    /// Description of the LoRA for the header. Null, or null properties, default to the networks' architecture, the file name and today's
    /// date.
    /// </param>
    /// <exception cref="NotSupportedException">Kohya's layout has no name for an adapted component.</exception>
    public void Save(
        string path, ScalarType? floatingPoint = null, LoraLayout layout = LoraLayout.Peft, ModelSpec? specification = null)
    {
        var names = new LoraNames(layout, Modules.ContainsKey(ComponentNames.TextEncoder2));
        using Tensor alpha = tensor((float)(_options.Alpha ?? _options.Rank));
        var metadata = new Dictionary<string, string> { ["format"] = "pt" };
        if (layout == LoraLayout.Peft) metadata.Add(MetadataKey, Metadata());
        SafetensorsWriter.Write(
            path, _adapted.SelectMany(a => names.Tensors(_family.Lora(a.Component), a.Layer, a.Adapter.Down, a.Adapter.Up, alpha)),
            KnownArchitectures.Describe(_networks, KnownArchitectures.Lora, specification).For(path, metadata), floatingPoint);
    }

    /// <summary>Takes the adapters off and gives the networks' parameters back whether they need gradients.</summary>
    public void Dispose()
    {
        foreach (Action remove in _hooks) remove();
        _hooks.Clear();
        _frozen.Dispose();
        foreach (nn.Module module in Modules.Values) module.Dispose();
    }

    private Adapted[] Adapt(LoraComponent naming, nn.Module network, Generator generator)
    {
        using NetworkUse weights = NetworkUse.ToRead(network);
        string component = naming.Name;
        IReadOnlyList<string> patterns = (naming.IsTextEncoder ? _options.TextEncoderTargets : _options.Targets) ?? naming.TrainedLayers;
        (string Name, nn.Module Module)[] layers = [.. network
            .named_modules()
            .Where(m => LoraAdapter.Fits(m.module))
            .Select(m => (m.name, m.module))];
        Regex[] forms = [.. patterns.Select(p => new Regex(
            $@"^(.*\.)?{Regex.Escape(p).Replace(@"\*", ".*", StringComparison.Ordinal)}$", RegexOptions.NonBacktracking))];
        foreach ((Regex form, string pattern) in forms.Zip(patterns))
        {
            if (!layers.Any(l => form.IsMatch(l.Name)))
                throw new ArgumentException($"'{pattern}' names no linear layer or convolution of the {component}.");
        }

        return
        [
            .. layers.Where(l => forms.Any(f => f.IsMatch(l.Name)))
                .Select(l => new Adapted(
                    component, l.Name, (nn.Module<Tensor, Tensor>)l.Module,
                    new LoraAdapter(l.Module, _options.Rank, Scale, generator))),
        ];
    }

    private static Action Hook(Adapted adapted) => adapted.Module.register_forward_hook((_, input, output) =>
    {
        using (output)
        using (Tensor added = adapted.Adapter.call(input)) return output.Add(added);
    }).remove;

    private string Metadata()
    {
        var settings = new SortedDictionary<string, JsonNode>(StringComparer.Ordinal);
        foreach (IGrouping<string, Adapted> component in _adapted.GroupBy(a => a.Component))
        {
            settings.Add($"{component.Key}.peft_type", "LORA");
            settings.Add($"{component.Key}.r", _options.Rank);
            settings.Add($"{component.Key}.lora_alpha", _options.Alpha ?? _options.Rank);
            settings.Add($"{component.Key}.target_modules", new JsonArray([.. component.Select(a => JsonValue.Create(a.Layer))]));
            settings.Add($"{component.Key}.use_rslora", false);
        }

        return new JsonObject(settings.Select(setting => KeyValuePair.Create(setting.Key, (JsonNode?)setting.Value))).ToJsonString();
    }

    private sealed record Adapted(string Component, string Layer, nn.Module<Tensor, Tensor> Module, LoraAdapter Adapter);
}
