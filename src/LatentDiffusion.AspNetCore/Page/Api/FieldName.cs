namespace LatentDiffusion.AspNetCore.Page;

/// <summary>Names of fields for the properties that messages of the library name.</summary>
internal static class FieldName
{
    /// <summary>The field of a property, of which <c>Timesteps[2]</c> names a part; null for other names.</summary>
    public static string? Of(string? property)
    {
        if (property is null or nameof(ImageJob.Model)) return property is null ? null : JobFields.Model;
        string name = property.Split('.', '[')[0];
        return RequestSettings.All.FirstOrDefault(setting => setting.Name == name)?.Key;
    }
}
