using System.Text.Json;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>
/// Fields of the web UI that this server does not have, with the values that leave an image as it is without them: clients send those in
/// every request. Other values are refused by name.
/// </summary>
/// <param name="Name">Name of the field.</param>
/// <param name="Accepts">Whether a value has no effect.</param>
/// <param name="Expected">The values that are accepted.</param>
internal sealed record FixedField(string Name, Func<JsonElement, bool> Accepts, string Expected)
{
    public static IReadOnlyList<FixedField> Common { get; } =
    [
        Off("tiling"), Off("restore_faces"), Off("disable_extra_networks"),
        Number("seed_resize_from_w", n => n <= 0, "-1 or 0"), Number("seed_resize_from_h", n => n <= 0, "-1 or 0"),
        Number("s_min_uncond", n => n == 0, "0"), Number("token_merging_ratio", n => n == 0, "0"),
        Number("token_merging_ratio_hr", n => n == 0, "0"),
        OneOf("refiner_checkpoint", "", "None", "none"),
        // Without a refiner, there is nothing to switch to.
        Number("refiner_switch_at", _ => true, "a number"),
        Empty("script_args", JsonValueKind.Array), Empty("comments", JsonValueKind.Object),
        OneOf("force_task_id", ""), OneOf("infotext", ""),
        // Whether files are written in addition is up to the image store, which keeps the images of all jobs for a while.
        AnyFlag("save_images"), AnyFlag("do_not_save_samples"), AnyFlag("do_not_save_grid"),
        // SillyTavern sends its own settings along: the address of this server, and modules for Forge.
        AnyText("url"), AnyText("auth"), Empty("hr_additional_modules", JsonValueKind.Array),
    ];

    public static IReadOnlyList<FixedField> TextToImage { get; } =
    [
        Number("firstphase_width", n => n == 0, "0"), Number("firstphase_height", n => n == 0, "0"),
        OneOf("hr_checkpoint_name", "", "Use same checkpoint"), OneOf("hr_sampler_name", "", "Use same sampler"),
        OneOf("hr_scheduler", "", "Use same scheduler"),
    ];

    public static IReadOnlyList<FixedField> ImageToImage { get; } =
    [
        Number("initial_noise_multiplier", n => n == 1, "1"), OneOf("latent_mask", ""), Off("enable_hr"),
    ];

    /// <summary>Reads the fields, and adds an error for each value that would have an effect.</summary>
    public static void Check(FieldReader fields, params IEnumerable<FixedField> expected)
    {
        foreach (FixedField field in expected)
        {
            JsonElement? value = fields.Any(field.Name);
            // Some hold secrets.
            fields.Forget(field.Name);
            if (value is { } given && !field.Accepts(given)) fields.Add(field.Name, $"is not supported; expected {field.Expected}.");
        }
    }

    private static FixedField Off(string name) => new(name, v => FieldTypes.Flag(v) is (true, false), "false");

    private static FixedField AnyFlag(string name) => new(name, v => FieldTypes.Flag(v).IsValid, "true or false");

    private static FixedField AnyText(string name) => new(name, v => FieldTypes.Text(v).IsValid, "a text");

    private static FixedField Number(string name, Func<double, bool> accepts, string expected) =>
        new(name, v => FieldTypes.Number(v) is (true, { } number) && accepts(number), expected);

    private static FixedField OneOf(string name, params string[] values) => new(
        name, v => FieldTypes.Text(v) is (true, { } text) && values.Contains(text),
        string.Join(" or ", values.Select(value => $"'{value}'")));

    private static FixedField Empty(string name, JsonValueKind kind) => new(
        name, v => v.ValueKind == kind && (kind == JsonValueKind.Array ? v.GetArrayLength() == 0 : !v.EnumerateObject().Any()),
        kind == JsonValueKind.Array ? "an empty list" : "an empty object");
}
